#include "launch/memory_plan.h"

#include <gmock/gmock.h>

#include "workers/model/causal_lm.h"
#include "workers/model/score_model.h"

namespace ballast {
namespace {

const Placement one_rank_each{{Role::Actor, {0}}, {Role::Reference, {1}},    {Role::Reward, {2}},
                              {Role::Cost, {3}},  {Role::RewardCritic, {4}}, {Role::CostCritic, {5}}};

TrainConfig tiny_config() {
  TrainConfig config;
  config.workers.actor.model.random = RandomModelConfig{.hidden = 32, .layers = 3, .tied_embeddings = true};
  config.workers.reward.model.random = RandomModelConfig{.family = Family::Gpt2, .hidden = 16};
  config.workers.cost.model.random = RandomModelConfig{.hidden = 24};
  config.loop.batch = {.rollout = 8, .mini_batch = 8, .micro_batch = 4, .max_length = 10};
  return config;
}

RoleMemory plan_of(const TrainConfig& config, Role role, const Placement& placement = one_rank_each) {
  return memory_plan(config, placement).at(placement.at(role).ranks().front()).roles.at(role);
}

TEST(MemoryPlan, CountsTheParametersOfTheModelsThatWouldBeLoaded) {
  const auto config = tiny_config();
  const auto actor = CausalLM::from_source(config.workers.actor.model, Use::Learn);
  EXPECT_EQ(plan_of(config, Role::Actor).elements, actor->parameters().numel());
  EXPECT_EQ(plan_of(config, Role::Reference).elements, actor->parameters().numel());
  const auto reward = ScoreModel::from_source(config.workers.reward.model, ScoreType::Reward, Use::Infer);
  EXPECT_EQ(plan_of(config, Role::Reward).elements, reward->parameters().numel());
  const auto critic = ScoreModel::from_source(config.workers.cost.model, ScoreType::Critic, Use::Learn);
  EXPECT_EQ(plan_of(config, Role::CostCritic).elements, critic->parameters().numel());
}

TEST(MemoryPlan, TheActorHasItsWeightsOnceMorePackedForGeneration) {
  auto config = tiny_config();
  const auto packed = [&] {
    const auto actor = plan_of(config, Role::Actor);
    const std::int64_t element = config.workers.actor.model.dtype == ComputeDType::float32 ? 4 : 6;
    return actor.bytes[MemoryClass::Parameters] - actor.elements * element;
  };
  const auto in_float32 = packed();
  const auto actor = plan_of(config, Role::Actor);
  const auto embedding = config.workers.actor.model.random->vocab * config.workers.actor.model.random->hidden;
  EXPECT_GE(in_float32, (actor.elements - embedding) * 4 * 0.9);
  EXPECT_LT(in_float32, actor.elements * 4 * 3) << "small matrices are filled up";
  config.workers.actor.model.dtype = ComputeDType::bfloat16;
  EXPECT_EQ(packed(), in_float32 / 2);
  EXPECT_EQ(plan_of(config, Role::Actor).bytes[MemoryClass::KvCache], actor.bytes[MemoryClass::KvCache] / 2);
  config.workers.device = DeviceChoice::Cuda;
  EXPECT_EQ(packed(), 0) << "GPUs read the weights as they are";
}

TEST(MemoryPlan, AFrozenRoleHasItsWeightsAndWhatItComputes) {
  const auto reward = plan_of(tiny_config(), Role::Reward);
  EXPECT_EQ(reward.bytes[MemoryClass::Parameters], reward.elements * 4);
  EXPECT_EQ(reward.bytes.total(), reward.elements * 4 + reward.bytes[MemoryClass::Activations]);
}

TEST(MemoryPlan, ALearningRoleHasGradientsMomentsAndItsShareOfTheLanes) {
  auto config = tiny_config();
  config.workers.gradient_lanes = 4;
  const auto critic = plan_of(config, Role::RewardCritic);
  EXPECT_EQ(critic.bytes[MemoryClass::Gradients], critic.elements * 4 * (1 + 4));
  EXPECT_EQ(critic.bytes[MemoryClass::Optimizer], critic.elements * 4 * 2);
  auto placement = one_rank_each;
  placement[Role::RewardCritic] = {4, 5};
  EXPECT_EQ(plan_of(config, Role::RewardCritic, placement).bytes[MemoryClass::Gradients],
            critic.elements * 4 * (1 + 2 + 1));
  config.workers.gradient_lanes = 1;
  EXPECT_EQ(plan_of(config, Role::RewardCritic, placement).bytes[MemoryClass::Gradients], critic.elements * 4);
}

TEST(MemoryPlan, ZeroSharesMomentsAndMastersAmongTheReplicas) {
  auto config = tiny_config();
  config.workers.cost.model.dtype = ComputeDType::bfloat16;
  auto placement = one_rank_each;
  placement[Role::CostCritic] = {4, 5};
  const auto whole = plan_of(config, Role::CostCritic, placement);
  EXPECT_EQ(whole.bytes[MemoryClass::Parameters], whole.elements * (2 + 4));
  config.workers.cost_critic.zero = true;
  const auto shared = plan_of(config, Role::CostCritic, placement);
  EXPECT_EQ(shared.bytes[MemoryClass::Parameters], shared.elements * 2);
  EXPECT_EQ(shared.bytes[MemoryClass::Optimizer], shared.elements * 4 / 2 * 3);
  EXPECT_EQ(shared.bytes[MemoryClass::Gradients], whole.bytes[MemoryClass::Gradients]);
}

TEST(MemoryPlan, AShardHoldsItsPartOfEachMatrix) {
  auto config = tiny_config();
  config.workers.cost.model.random = RandomModelConfig{.vocab = 101, .hidden = 32, .heads = 4, .kv_heads = 2};
  auto placement = one_rank_each;
  placement[Role::CostCritic] = Layout({4, 5, 6, 7}, 4);
  const auto whole = plan_of(config, Role::CostCritic);
  const auto shard = plan_of(config, Role::CostCritic, placement);
  const auto& shape = *config.workers.cost.model.random;
  const auto E = shape.hidden, I = shape.intermediate / 4;
  // 26 of 101 ids; a query head and a key/value head of 8; two norms a layer and one after them; the score head.
  EXPECT_EQ(shard.elements, 26 * E + shape.layers * (4 * 8 * E + 3 * I * E + 2 * E) + E + E + 1);
  EXPECT_LT(shard.activations.training, whole.activations.training);
}

TEST(MemoryPlan, RolesOnOneRankShareWhatTheyBothStore) {
  const Placement on_one{{Role::Actor, {0}}, {Role::Reference, {0}},    {Role::Reward, {0}},
                         {Role::Cost, {0}},  {Role::RewardCritic, {0}}, {Role::CostCritic, {0}}};
  // 8 rows of 10 ids and two lengths in int64, and 11 float32 fields of 9 positions.
  EXPECT_EQ(memory_plan(tiny_config(), on_one).at(0).bytes[MemoryClass::Buffers], 8 * (8 * (10 + 2) + 11 * 4 * 9));
  EXPECT_EQ(memory_plan(tiny_config(), one_rank_each).at(1).bytes[MemoryClass::Buffers], 8 * (8 * (10 + 2) + 4 * 9));
}

TEST(MemoryPlan, RolesOnOneRankWorkOneAfterTheOther) {
  const auto plan = memory_plan(tiny_config(), {{Role::Actor, {0}},
                                                {Role::Reference, {0}},
                                                {Role::Reward, {0}},
                                                {Role::Cost, {0}},
                                                {Role::RewardCritic, {0}},
                                                {Role::CostCritic, {0}}});
  std::int64_t sum = 0, largest = 0;
  for (const auto& [role, memory] : plan.at(0).roles) {
    sum += memory.bytes[MemoryClass::Activations];
    largest = std::max(largest, memory.bytes[MemoryClass::Activations]);
  }
  EXPECT_GT(plan.at(0).bytes[MemoryClass::Activations], largest) << "critics keep their forward pass meanwhile";
  EXPECT_LT(plan.at(0).bytes[MemoryClass::Activations], sum);
}

TEST(MemoryPlan, CheckpointingActivationsTakesLessMemory) {
  auto config = tiny_config();
  config.workers.cost.model.random->layers = 12;
  const auto all = plan_of(config, Role::CostCritic).activations;
  config.workers.cost.model.activation_checkpointing = true;
  EXPECT_LT(plan_of(config, Role::CostCritic).activations.training, all.training / 2);
}

TEST(MemoryPlan, IsShownForEachKindOfRankWithItsTotal) {
  auto placement = one_rank_each;
  placement[Role::Actor] = {0, 6, 7};
  const auto text = describe(memory_plan(tiny_config(), placement));
  for (const char* words : {"ranks", "reward_critic", "parameters", "kv_cache", "buffers", "in all", "\n0, 6-7 "}) {
    EXPECT_THAT(text, ::testing::HasSubstr(words));
  }
}

}  // namespace
}  // namespace ballast
