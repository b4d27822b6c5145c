#include "algorithms/lagrange.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace ballast {
namespace {

TEST(Lagrange, UpdateMovesLogLambdaByLearningRateTimesLambdaTimesTheExcess) {
  LagrangeMultiplier lambda({.init = 2.0, .max = std::nullopt, .learning_rate = 0.1, .cost_limit = 1.0});
  lambda.update(4.0);
  EXPECT_DOUBLE_EQ(lambda.log_value(), std::log(2.0) + 0.1 * 2.0 * 3.0);
}

TEST(Lagrange, LambdaFallsWhileTheCostIsBelowTheLimit) {
  LagrangeMultiplier lambda({.cost_limit = 1.0});
  lambda.update(0.0);
  EXPECT_LT(lambda.value(), 1.0);
  EXPECT_GT(lambda.value(), 0.0);
}

TEST(Lagrange, LambdaStopsAtItsMaximumAndComesBack) {
  LagrangeMultiplier lambda({.init = 4.0, .max = 5.0});
  lambda.update(100.0);
  EXPECT_DOUBLE_EQ(lambda.value(), 5.0);
  lambda.update(-1.0);
  EXPECT_LT(lambda.value(), 5.0);
}

TEST(Lagrange, TheFirstUpdatesAreDelayed) {
  LagrangeMultiplier lambda({.delay_steps = 2});
  lambda.update(1.0);
  lambda.update(1.0);
  EXPECT_EQ(lambda.value(), 1.0);
  lambda.update(1.0);
  EXPECT_GT(lambda.value(), 1.0);
}

TEST(Lagrange, LambdaMustNotStartBelowZero) { EXPECT_THROW(LagrangeMultiplier({.init = -1.0}), std::invalid_argument); }

TEST(Lagrange, ZeroStaysZero) {
  LagrangeMultiplier lambda({.init = 0.0});
  for (const double cost : {3.0, -3.0, 0.0}) {
    lambda.update(cost);
    EXPECT_EQ(lambda.value(), 0.0);
  }
}

TEST(Lagrange, ACostThatIsNotFiniteIsRefusedAndChangesNothing) {
  LagrangeMultiplier lambda({});
  EXPECT_THROW(lambda.update(std::numeric_limits<double>::quiet_NaN()), std::domain_error);
  EXPECT_THROW(lambda.update(std::numeric_limits<double>::infinity()), std::domain_error);
  EXPECT_EQ(lambda.value(), 1.0);
}

TEST(CostWindow, MeanIsOfTheLastSamplesOnly) {
  CostWindow window(3);
  window.append(std::array{10.0, 1.0});
  EXPECT_DOUBLE_EQ(window.mean(), 5.5);
  window.append(std::array{2.0, 3.0});
  EXPECT_DOUBLE_EQ(window.mean(), 2.0);
}

TEST(CostWindow, ABatchLongerThanTheWindowLeavesItsEnd) {
  CostWindow window(2);
  window.append(std::array{1.0, 2.0, 3.0, 4.0});
  EXPECT_DOUBLE_EQ(window.mean(), 3.5);
}

TEST(CostWindow, SumsInFloat64) {
  CostWindow window(3);
  window.append(std::array{16777216.0, 1.0, 1.0});
  EXPECT_DOUBLE_EQ(window.mean(), 16777218.0 / 3.0);
}

TEST(CostWindow, HasNoMeanWhileEmptyAndNoSizeBelowOne) {
  EXPECT_THROW(CostWindow(2).mean(), std::logic_error);
  EXPECT_THROW(CostWindow(0), std::invalid_argument);
}

}  // namespace
}  // namespace ballast
