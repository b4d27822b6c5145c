// The large jobs of configs/ fit where they say they do, by the plan alone.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "launch/config_file.h"
#include "launch/memory_shortage.h"

namespace ballast {
namespace {

constexpr std::int64_t memory_of_h100 = 80'000'000'000;
// Left to the driver, libraries and the communication library's buffers.
constexpr std::int64_t reserve = 4'000'000'000;

struct LargeJob {
  std::string name;
  int ranks = 0;
};

struct Planned {
  TrainConfig config;
  Placement placement;
};

Planned planned(const LargeJob& job) {
  const auto file = "configs/" + job.name + ".yaml";
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  Planned found{.config = parse_config<TrainConfig>({.text = text.str(), .source = file}), .placement = {}};
  EXPECT_THAT(violations_of(found.config), ::testing::IsEmpty());
  std::vector<std::string> violations;
  found.placement = resolve_placement(found.config.placement, found.config.placement_request(job.ranks), violations);
  EXPECT_THAT(violations, ::testing::IsEmpty());
  return found;
}

class LargeConfig : public ::testing::TestWithParam<LargeJob> {};

TEST_P(LargeConfig, FitsOnEveryRankAndLeavesNoneIdle) {
  const auto [config, placement] = planned(GetParam());
  const auto plan = memory_plan(config, placement);
  EXPECT_EQ(plan.size(), static_cast<std::size_t>(GetParam().ranks));
  EXPECT_EQ(plan.rbegin()->first, GetParam().ranks - 1);
  const auto shortage = memory_shortage(config, placement, memory_of_h100 - reserve);
  EXPECT_FALSE(shortage) << describe(*shortage) << "\n" << describe(plan);
}

INSTANTIATE_TEST_SUITE_P(OnH100, LargeConfig,
                         ::testing::Values(LargeJob{"alpaca_7b_1x8", 8}, LargeJob{"alpaca_7b_4x8", 32},
                                           LargeJob{"alpaca_7b_64x8", 512}, LargeJob{"llama_70b_16x8", 128}),
                         [](const auto& instance) { return instance.param.name; });

// 18 bytes a parameter: 2 of values, 4 of masters, 4 of gradients, 8 of moments (docs/scaling.md, 'Memory by hand').
TEST(LargeConfigs, HaveTheMemoryOfTheHandArithmetic) {
  const auto [config, placement] = planned({"alpaca_7b_1x8", 8});
  const auto plan = memory_plan(config, placement);
  const auto critic = plan.at(4).roles.at(Role::RewardCritic);
  const double states =
      static_cast<double>(critic.bytes[MemoryClass::Parameters] + critic.bytes[MemoryClass::Gradients] +
                          critic.bytes[MemoryClass::Optimizer]);
  EXPECT_NEAR(states / 1e9, 6.607 / 4 * 18, 0.1);
  // 64 slots of 512 positions: keys and values of 32 layers, 4,096 numbers each, in 2 bytes, over 4 shards.
  EXPECT_NEAR(static_cast<double>(plan.at(0).bytes[MemoryClass::KvCache]), 64.0 * 512 * 2 * 32 * 4096 * 2 / 4, 1.0);
}

TEST(MemoryShortage, SaysTheSmallestChangeThatHelps) {
  auto [config, placement] = planned({"alpaca_7b_4x8", 32});
  config.workers.actor.zero = false;
  const auto shortage = memory_shortage(config, placement, memory_of_h100);
  ASSERT_TRUE(shortage);
  EXPECT_EQ(shortage->rank, 0);
  EXPECT_THAT(shortage->remedy, ::testing::ElementsAre("actor.zero=true"));
  EXPECT_THAT(describe(*shortage), ::testing::HasSubstr("rank 0 (actor) needs"));
}

TEST(MemoryShortage, NamesTheModelThatACriticStartsFrom) {
  auto [config, placement] = planned({"alpaca_7b_4x8", 32});
  config.workers.reward.model.activation_checkpointing = false;
  const auto worst = memory_plan(config, placement).at(16).total();
  const auto shortage = memory_shortage(config, placement, worst - 1);
  ASSERT_TRUE(shortage);
  EXPECT_THAT(shortage->remedy, ::testing::Contains("reward.model.activation_checkpointing=true"));
}

TEST(MemoryShortage, TakesSeveralChangesWhereOneIsNotEnough) {
  auto [config, placement] = planned({"alpaca_7b_4x8", 32});
  config.workers.actor.zero = false;
  config.workers.actor.model.activation_checkpointing = false;
  const auto shortage = memory_shortage(config, placement, memory_of_h100);
  ASSERT_TRUE(shortage);
  EXPECT_THAT(shortage->remedy,
              ::testing::UnorderedElementsAre("actor.zero=true", "actor.model.activation_checkpointing=true"));
}

TEST(MemoryShortage, AdmitsThatNothingHelps) {
  const auto [config, placement] = planned({"alpaca_7b_1x8", 8});
  const auto shortage = memory_shortage(config, placement, 1'000'000'000);
  ASSERT_TRUE(shortage);
  EXPECT_THAT(shortage->remedy, ::testing::IsEmpty());
  EXPECT_THAT(describe(*shortage), ::testing::HasSubstr("more ranks or a smaller model"));
}

}  // namespace
}  // namespace ballast
