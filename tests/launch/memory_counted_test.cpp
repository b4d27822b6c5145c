// What the plan says against what the roles' own classes allocate when they do what a rank does in an iteration.
#include <gmock/gmock.h>
#include <torch/types.h>

#include <cmath>

#include "launch/memory_plan.h"
#include "workers/actor.h"
#include "workers/critic.h"
#include "workers/memory/counting_allocator.h"
#include "workers/scorer.h"

namespace ballast {
namespace {

struct Case {
  std::string name;
  RandomModelConfig shape;
  ComputeDType dtype = ComputeDType::float32;
  bool checkpointing = false;
  std::int64_t micro_batches = 2;
  std::int64_t lanes = 2;
};

constexpr RandomModelConfig shape_s{
    .vocab = 8192, .hidden = 256, .intermediate = 1024, .layers = 4, .heads = 4, .kv_heads = 4, .max_length = 64};
constexpr RandomModelConfig shape_tiny{.vocab = 512, .hidden = 64, .intermediate = 192, .layers = 2, .max_length = 64};

TrainConfig config_of(const Case& given) {
  TrainConfig config;
  auto& workers = config.workers;
  for (auto* model : {&workers.actor.model, &workers.reward.model, &workers.cost.model}) {
    model->random = given.shape;
    model->dtype = given.dtype;
    model->activation_checkpointing = given.checkpointing;
  }
  workers.gradient_lanes = given.lanes;
  workers.sampling.min_new_tokens = 1000;  // every row becomes as long as it may
  const std::int64_t rows = 16;
  config.loop.batch = {.rollout = given.micro_batches * rows,
                       .mini_batch = given.micro_batches * rows,
                       .micro_batch = rows,
                       .max_length = given.shape.max_length};
  return config;
}

// A rank that plays some of the roles; scores of the others are zero.
class Rank {
 public:
  Rank(const TrainConfig& config, std::set<Role> roles) : config_(config), roles_(std::move(roles)) {
    const auto& workers = config.workers;
    const Replicas alone{.lanes = static_cast<int>(workers.gradient_lanes)};
    if (plays(Role::Actor)) actor_ = std::make_unique<Actor>(workers, 10, alone);
    for (const Role role : {Role::Reference, Role::Reward, Role::Cost})
      if (plays(role)) scorers_[role] = make_scorer(role, workers, {});
    for (const Role role : {Role::RewardCritic, Role::CostCritic})
      if (plays(role)) critics_[role] = std::make_unique<Critic>(role, workers, 10, alone);
  }

  void run_iteration() {
    const auto& batch = config_.loop.batch;
    const auto count = static_cast<int>(batch.rollout / batch.micro_batch);
    for (int i = 0; i < count; ++i) generate(i);
    for (int i = 0; i < count; ++i) score(i);
    std::vector<int> all;
    for (int i = 0; i < count; ++i) all.push_back(i);
    const Learn learn{.role = Role::Actor, .batch = 1, .micro_batches = all, .rows = batch.rollout, .lambda = 1.0};
    if (actor_) {
      for (int i = 0; i < count; ++i) actor_->build_experience({.key = {1, i}, .row_ids = row_ids()}, store_);
      actor_->learn(learn, store_);
    }
    for (const auto& [role, critic] : critics_) {
      const auto returns = role == Role::RewardCritic ? Field::RewardReturns : Field::CostReturns;
      for (int i = 0; i < count; ++i)
        if (!store_.holds({1, i}, returns)) put_zeros({1, i}, returns);
      critic->learn(learn, store_);
    }
  }

 private:
  bool plays(Role role) const { return roles_.contains(role); }

  std::vector<std::int64_t> row_ids() const {
    return std::vector<std::int64_t>(static_cast<std::size_t>(config_.loop.batch.micro_batch), 0);
  }

  void put_zeros(const BatchKey& key, Field field) {
    const auto& batch = config_.loop.batch;
    store_.put(key, field, at::zeros({batch.micro_batch, batch.max_length - 1}, at::kFloat));
  }

  void generate(int micro_batch) {
    const BatchKey key{1, micro_batch};
    const auto& batch = config_.loop.batch;
    if (actor_) {
      Generate command{.key = key, .max_length = batch.max_length, .row_ids = row_ids()};
      for (std::int64_t row = 0; row < batch.micro_batch; ++row) command.prompts.push_back({3, 4, 5 + row});
      actor_->generate(command, store_);
      return;
    }
    store_.put(key, Field::Tokens, at::full({batch.micro_batch, batch.max_length}, 7, at::kLong));
    store_.put(key, Field::PromptLengths, at::full({batch.micro_batch}, 3, at::kLong));
    store_.put(key, Field::Lengths, at::full({batch.micro_batch}, batch.max_length, at::kLong));
  }

  void score(int micro_batch) {
    const BatchKey key{1, micro_batch};
    for (const auto& [role, scorer] : scorers_) scorer->score({.role = role, .key = key, .row_ids = row_ids()}, store_);
    for (const auto& [role, critic] : critics_) critic->score({.role = role, .key = key, .row_ids = row_ids()}, store_);
    if (!actor_) return;
    for (const Field field : {Field::RefLogProbs, Field::Reward, Field::RewardValues, Field::Cost, Field::CostValues})
      if (!store_.holds(key, field)) put_zeros(key, field);
  }

  const TrainConfig& config_;
  std::set<Role> roles_;
  BatchStore store_;
  std::unique_ptr<Actor> actor_;
  std::map<Role, std::unique_ptr<Scorer>> scorers_;
  std::map<Role, std::unique_ptr<Critic>> critics_;
};

MemoryPeaks counted(const TrainConfig& config, const std::set<Role>& roles) {
  count_cpu_memory();
  memory_count().restart();
  const auto before = memory_count().bytes();
  Rank rank(config, roles);
  rank.run_iteration();
  auto peaks = memory_count().peaks();
  for (const auto& [of, name] : memory_class_names) peaks.of_class[of] -= before[of];
  peaks.in_all -= before.total();
  return peaks;
}

Placement placement_of(const std::set<Role>& roles) {
  Placement placement;
  for (const auto& [role, name] : role_names) placement[role] = {roles.contains(role) ? 0 : 1};
  return placement;
}

class CountedMemory : public ::testing::TestWithParam<Case> {};

void expect_as_planned(const Case& given, const std::set<Role>& roles) {
  const auto config = config_of(given);
  const auto planned = memory_plan(config, placement_of(roles)).at(0).bytes;
  const auto measured = counted(config, roles);
  const auto mib = [](std::int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  for (const auto& [of, name] : memory_class_names)
    EXPECT_NEAR(mib(planned[of]), mib(measured.of_class[of]), 0.05 * mib(measured.in_all)) << name;
  EXPECT_NEAR(static_cast<double>(planned.total()) / static_cast<double>(measured.in_all), 1.0, 0.05);
  for (const auto of : {MemoryClass::Gradients, MemoryClass::Optimizer})
    EXPECT_NEAR(mib(planned[of]), mib(measured.of_class[of]), 0.01 * mib(measured.of_class[of]));
}

TEST_P(CountedMemory, OfTheActorIsThatOfThePlan) { expect_as_planned(GetParam(), {Role::Actor}); }

TEST_P(CountedMemory, OfACriticIsThatOfThePlan) { expect_as_planned(GetParam(), {Role::RewardCritic}); }

TEST_P(CountedMemory, OfTheReferenceIsThatOfThePlan) { expect_as_planned(GetParam(), {Role::Reference}); }

TEST_P(CountedMemory, OfARewardModelIsThatOfThePlan) { expect_as_planned(GetParam(), {Role::Reward}); }

TEST_P(CountedMemory, OfAllRolesOnOneRankIsThatOfThePlan) {
  expect_as_planned(GetParam(),
                    {Role::Actor, Role::Reference, Role::Reward, Role::Cost, Role::RewardCritic, Role::CostCritic});
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, CountedMemory,
    ::testing::Values(
        Case{.name = "tiny", .shape = shape_tiny}, Case{.name = "tiny_one_lane", .shape = shape_tiny, .lanes = 1},
        Case{.name = "S", .shape = shape_s}, Case{.name = "S_checkpointing", .shape = shape_s, .checkpointing = true},
        Case{.name = "S_bfloat16", .shape = shape_s, .dtype = ComputeDType::bfloat16, .micro_batches = 1}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace ballast
