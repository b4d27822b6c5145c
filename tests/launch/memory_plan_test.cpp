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

TEST(MemoryPlan, CountsTheParametersOfTheModelsThatWouldBeLoaded) {
  const auto config = tiny_config();
  const auto plan = memory_plan(config, one_rank_each);
  const auto actor = CausalLM::from_source(config.workers.actor.model, Use::Learn);
  EXPECT_EQ(plan.at(0).roles.at(Role::Actor).parameters, actor->parameters().numel());
  EXPECT_EQ(plan.at(1).roles.at(Role::Reference).parameters, actor->parameters().numel());
  const auto reward = ScoreModel::from_source(config.workers.reward.model, ScoreType::Reward, Use::Infer);
  EXPECT_EQ(plan.at(2).roles.at(Role::Reward).parameters, reward->parameters().numel());
  const auto critic = ScoreModel::from_source(config.workers.cost.model, ScoreType::Critic, Use::Learn);
  EXPECT_EQ(plan.at(5).roles.at(Role::CostCritic).parameters, critic->parameters().numel());
}

TEST(MemoryPlan, AgreesWithTheMemoryOfALoadedModelButForPadding) {
  const auto config = tiny_config();
  const auto plan = memory_plan(config, one_rank_each).at(0).roles.at(Role::Actor);
  const auto actor = CausalLM::from_source(config.workers.actor.model, Use::Learn);
  EXPECT_LE(plan.weights + plan.gradients, actor->parameters().bytes());
  EXPECT_GT(plan.weights + plan.gradients, actor->parameters().bytes() * 0.99);
}

TEST(MemoryPlan, TheActorHasItsWeightsOnceMorePackedForGeneration) {
  auto config = tiny_config();
  const auto actor = memory_plan(config, one_rank_each).at(0).roles.at(Role::Actor);
  const auto embedding = config.workers.actor.model.random->vocab * config.workers.actor.model.random->hidden;
  EXPECT_GE(actor.packed, (actor.parameters - embedding) * 4 * 0.9);
  EXPECT_LT(actor.packed, actor.parameters * 4 * 3) << "small matrices are filled up";
  config.workers.actor.model.dtype = ComputeDType::bfloat16;
  EXPECT_EQ(memory_plan(config, one_rank_each).at(0).roles.at(Role::Actor).packed, actor.packed / 2);
  EXPECT_EQ(memory_plan(config, one_rank_each).at(0).roles.at(Role::Actor).kv_cache, actor.kv_cache / 2);
}

TEST(MemoryPlan, AFrozenRoleHasItsWeightsAlone) {
  const auto reward = memory_plan(tiny_config(), one_rank_each).at(2).roles.at(Role::Reward);
  EXPECT_EQ(reward.total(), reward.parameters * 4);
}

TEST(MemoryPlan, ALearningRoleHasGradientsMomentsAndItsShareOfTheLanes) {
  auto config = tiny_config();
  config.workers.gradient_lanes = 4;
  const auto critic = memory_plan(config, one_rank_each).at(4).roles.at(Role::RewardCritic);
  EXPECT_EQ(critic.total(), critic.parameters * 4 * (1 + 1 + 2 + 4));
  auto placement = one_rank_each;
  placement[Role::RewardCritic] = {4, 5};
  const auto replica = memory_plan(config, placement).at(5).roles.at(Role::RewardCritic);
  EXPECT_EQ(replica.lanes, replica.parameters * 4 * (2 + 1));
  config.workers.gradient_lanes = 1;
  EXPECT_EQ(memory_plan(config, placement).at(5).roles.at(Role::RewardCritic).lanes, 0);
}

TEST(MemoryPlan, RolesOnOneRankShareWhatTheyBothStore) {
  const auto plan = memory_plan(tiny_config(), {{Role::Actor, {0}},
                                                {Role::Reference, {0}},
                                                {Role::Reward, {0}},
                                                {Role::Cost, {0}},
                                                {Role::RewardCritic, {0}},
                                                {Role::CostCritic, {0}}});
  // 8 rows of 10 ids and two lengths in int64, and 11 float32 fields of 9 positions.
  EXPECT_EQ(plan.at(0).batch_store, 8 * (8 * (10 + 2) + 11 * 4 * 9));
  EXPECT_EQ(memory_plan(tiny_config(), one_rank_each).at(1).batch_store, 8 * (8 * (10 + 2) + 4 * 9));
}

TEST(MemoryPlan, IsShownForEachRankWithItsTotal) {
  const auto text = describe(memory_plan(tiny_config(), one_rank_each));
  for (const char* words : {"rank", "reward_critic", "parameters", "kv cache", "batch store", "in all"}) {
    EXPECT_THAT(text, ::testing::HasSubstr(words));
  }
}

}  // namespace
}  // namespace ballast
