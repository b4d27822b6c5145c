#include "algorithms/importance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "algorithms/ppo_loss.h"
#include "tests/algorithms/close.h"

namespace ballast {
namespace {

torch::Tensor logs(std::vector<double> probabilities) {
  return torch::log(torch::tensor(probabilities, torch::kFloat64)).unsqueeze(0);
}

TEST(ImportanceWeights, AreRatiosOfProbabilitiesTruncatedAbove) {  // 0.6 / 0.2 = 3 becomes 2
  const auto weights = importance_weights(
      {.proximal_log_probs_BT = logs({0.3, 0.6, 0.1}), .behaviour_log_probs_BT = logs({0.2, 0.2, 0.4})}, 2.0);
  EXPECT_THAT(weights, IsClose(torch::tensor({{1.5, 2.0, 0.25}}, torch::kFloat64)));
}

TEST(ImportanceWeights, OfAPolicyThatHasNotMovedAreExactlyOne) {
  const auto log_probs = torch::tensor({{-0.1F, -3.7F, -12.5F}});
  EXPECT_TRUE(torch::equal(importance_weights({log_probs, log_probs}, 1.0), torch::ones({1, 3})));
}

TEST(ImportanceWeights, HaveNoGradient) {
  const auto proximal = logs({0.3}).requires_grad_(true);
  EXPECT_FALSE(importance_weights({proximal, logs({0.2})}, 2.0).requires_grad());
}

// By hand: pi = 0.33, pi_prox = 0.3, pi_behave = 0.2, A = 2, eps = 0.2, rho_max = 2: rho = 1.1, w = 1.5, so the loss is
// -1.5 * 2 * 1.1 = -3.3; and its gradient by log pi the same.
TEST(ImportanceWeights, MultiplyTheLossAgainstTheProximalPolicy) {
  const auto log_probs = logs({0.33}).requires_grad_(true);
  const auto loss = policy_loss({.log_probs_BT = log_probs,
                                 .old_log_probs_BT = logs({0.3}),
                                 .advantages_BT = torch::tensor({{2.0}}, torch::kFloat64)},
                                0.2) *
                    importance_weights({logs({0.3}), logs({0.2})}, 2.0);
  loss.sum().backward();
  EXPECT_NEAR(loss.item<double>(), -3.3, 1e-12);
  EXPECT_NEAR(log_probs.grad().item<double>(), -3.3, 1e-12);
}

}  // namespace
}  // namespace ballast
