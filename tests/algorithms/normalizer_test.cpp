#include "algorithms/normalizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/algorithms/close.h"

namespace ballast {
namespace {

TEST(Normalizer, RunningStatisticsOfTwoBatchesWeighThemByTheirCounts) {
  const auto first = torch::tensor({{1.0}, {3.0}});
  const auto second = torch::tensor({{4.0}, {6.0}, {8.0}});
  const auto state = running_mean_std(running_mean_std(initial_normalizer(1), first), second);
  EXPECT_EQ(state.count, 5);
  EXPECT_THAT(state.mean_D, IsClose(torch::tensor({4.4})));
  // (2 * 2 + 4 * 3 + (6 - 2)^2 * 2 * 3 / 5) / 5
  EXPECT_THAT(state.var_D, IsClose(torch::tensor({7.04})));
}

TEST(Normalizer, MovingAverageKeepsTheShareOfTheMomentum) {
  const auto state = exponential_moving_average(initial_normalizer(1), torch::tensor({{1.0}, {3.0}}), 0.9);
  EXPECT_EQ(state.count, 2);
  EXPECT_THAT(state.mean_D, IsClose(torch::tensor({0.2})));
  EXPECT_THAT(state.var_D, IsClose(torch::tensor({0.9 + 0.2})));
}

TEST(Normalizer, ABatchOfOneHasNoVariance) {
  const auto state = exponential_moving_average(initial_normalizer(1), torch::tensor({{1.0}}), 0.9);
  EXPECT_TRUE(std::isnan(state.var_D.item<double>()));
}

TEST(Normalizer, ScaleKeepsTheSignAndAffineDoesNot) {
  const NormalizerState state{.mean_D = torch::tensor({3.0}), .var_D = torch::tensor({4.0}), .count = 9};
  const auto x = torch::tensor({{1.0}, {-1.0}});
  EXPECT_THAT(normalize(x, state, Normalization::Scale), IsClose(torch::tensor({{0.5}, {-0.5}})));
  EXPECT_THAT(normalize(x, state, Normalization::Affine), IsClose(torch::tensor({{-1.0}, {-2.0}})));
  EXPECT_THAT(normalize(x, state, Normalization::Translate), IsClose(torch::tensor({{-2.0}, {-4.0}})));
  EXPECT_THAT(normalize(x, state, Normalization::Identity), IsClose(x));
}

}  // namespace
}  // namespace ballast
