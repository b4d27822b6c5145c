#include "algorithms/ppo_loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/algorithms/close.h"

namespace ballast {
namespace {

torch::Tensor policy_gradient(double rho, double advantage) {
  const auto log_probs = torch::tensor({std::log(rho)}, torch::kFloat64).requires_grad_(true);
  policy_loss({.log_probs_BT = log_probs,
               .old_log_probs_BT = torch::zeros({1}, torch::kFloat64),
               .advantages_BT = torch::tensor({advantage}, torch::kFloat64)},
              0.2)
      .sum()
      .backward();
  return log_probs.grad();
}

TEST(PolicyLoss, AtRatioOneIsMinusTheAdvantage) {
  const auto log_probs = torch::tensor({-1.0, -2.0});
  const auto advantages = torch::tensor({0.7, -0.3});
  EXPECT_THAT(policy_loss({log_probs, log_probs, advantages}, 0.2), IsClose(-advantages));
}

TEST(PolicyLoss, HasNoGradientWhereTheRatioHasGoneFarEnough) {
  EXPECT_EQ(policy_gradient(1.5, 1.0).item<double>(), 0.0);
  EXPECT_EQ(policy_gradient(0.5, -1.0).item<double>(), 0.0);
}

TEST(PolicyLoss, PullsBackWhereTheRatioWentTheWrongWay) {
  EXPECT_NEAR(policy_gradient(0.5, 1.0).item<double>(), -0.5, 1e-12);
  EXPECT_NEAR(policy_gradient(1.5, -1.0).item<double>(), 1.5, 1e-12);
}

TEST(CriticLoss, IsHalfTheSquareWithinTheClipRange) {
  const auto loss = critic_loss({torch::tensor({1.0}), torch::tensor({0.9}), torch::tensor({3.0})}, 5.0);
  EXPECT_THAT(loss, IsClose(torch::tensor({2.0})));
}

TEST(CriticLoss, TakesTheWorseOfValueAndClippedValue) {
  const auto loss = critic_loss({torch::tensor({3.0}), torch::tensor({0.0}), torch::tensor({3.0})}, 1.0);
  EXPECT_THAT(loss, IsClose(torch::tensor({2.0})));
}

}  // namespace
}  // namespace ballast
