#include "algorithms/ppo_lag.h"

#include <gtest/gtest.h>

#include "tests/algorithms/close.h"

namespace ballast {
namespace {

TEST(PpoLag, CombinedAdvantagesAreTheRewardsWhenLambdaIsZero) {
  const auto reward = torch::tensor({1.0, -2.0});
  EXPECT_THAT(combined_advantages(reward, torch::tensor({5.0, 5.0}), 0.0), IsClose(reward));
}

TEST(PpoLag, CombinedAdvantagesApproachTheNegativeCostsAsLambdaGrows) {
  const auto cost = torch::tensor({1.0, -2.0}, torch::kFloat64);
  EXPECT_THAT(combined_advantages(torch::ones({2}, torch::kFloat64), cost, 1e9), IsClose(-cost));
}

TEST(PpoLag, CombinedShapedRewardsCarryBetaTimesKlWhateverLambdaIs) {
  const auto log_probs = torch::tensor({{-1.0, -2.0}}, torch::kFloat64);
  const auto ref_log_probs = torch::tensor({{-1.3, -1.1}}, torch::kFloat64);
  const ShapingInputs inputs{.log_probs_BT = log_probs,
                             .ref_log_probs_BT = ref_log_probs,
                             .scores_BT = torch::zeros({1, 2}, torch::kFloat64),
                             .mask_BT = torch::ones({1, 2}, torch::kBool)};
  const KlConfig config{.kl_coeff = 0.3};
  for (const double lambda : {0.01, 1.0, 50.0}) {
    EXPECT_THAT(combined_advantages(shape_rewards(inputs, config), shape_costs(inputs, config), lambda),
                IsClose(-0.3 * (log_probs - ref_log_probs)));
  }
}

TEST(PpoLag, PenalizedRewardSubtractsLambdaTimesTheCost) {
  EXPECT_THAT(penalized_reward(torch::tensor({1.0}), torch::tensor({3.0}), 0.5), IsClose(torch::tensor({-0.5})));
}

TEST(PpoLag, SettingsAreOneFlatListOfKeys) {
  struct Checker {
    Checker& at_least(double) { return *this; }
    Checker& above(double) { return *this; }
    Checker& at_most(double) { return *this; }
  };
  std::vector<std::string> names;
  auto visitor = [&](const std::string& name, const auto&, const char*) {
    names.push_back(name);
    return Checker{};
  };
  PpoConfig config;
  config.describe(visitor);
  EXPECT_THAT(names, testing::ElementsAre("kl_coeff", "clip_range_score", "gamma", "gae_lambda", "clip_range_ratio",
                                          "clip_range_value", "max_importance_weight", "ptx_coeff"));
}

}  // namespace
}  // namespace ballast
