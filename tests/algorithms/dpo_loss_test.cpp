#include "algorithms/dpo_loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/algorithms/close.h"

namespace ballast {
namespace {

// Tokens 0 .. 4; the halves part at token 2; the preferred one ends at token 3, the other at token 4.
TokenPairs one_pair() {
  return {.preferred_ids_BL = torch::tensor({{5, 6, 7, 8, 0}}),
          .preferred_mask_BL = torch::tensor({{true, true, true, true, false}}),
          .other_ids_BL = torch::tensor({{5, 6, 9, 9, 9}}),
          .other_mask_BL = torch::tensor({{true, true, true, true, true}})};
}

// Powers of ten show which positions were summed; position t scores token t + 1.
const auto log_probs_2BT = torch::tensor({{1.0, 10.0, 100.0, 1000.0}, {1.0, 10.0, 100.0, 1000.0}}, torch::kFloat64);
const auto no_reference = torch::zeros_like(log_probs_2BT);

TEST(DpoLoss, CorrectSliceScoresExactlyTheTokensFromTheFirstDifferenceToTheEnd) {
  const auto result =
      dpo_loss(log_probs_2BT, no_reference, one_pair(), {.scale_coeff = 1.0, .slice = DpoSlice::Correct});
  EXPECT_EQ(result.preferred_rewards_B.item<double>(), 10.0 + 100.0);
  EXPECT_EQ(result.other_rewards_B.item<double>(), 10.0 + 100.0 + 1000.0);
}

TEST(DpoLoss, ReferenceSliceSkipsTheFirstDifferenceAndCountsThePadding) {
  const auto result =
      dpo_loss(log_probs_2BT, no_reference, one_pair(), {.scale_coeff = 1.0, .slice = DpoSlice::Reference});
  EXPECT_EQ(result.preferred_rewards_B.item<double>(), 100.0 + 1000.0);
  EXPECT_EQ(result.other_rewards_B.item<double>(), 100.0 + 1000.0);
}

TEST(DpoLoss, IsMinusLogSigmoidOfTheDifferenceOfRewards) {
  const auto result = dpo_loss(0.01 * log_probs_2BT, no_reference, one_pair(), {.scale_coeff = 0.1});
  EXPECT_THAT(result.loss_B, IsClose(torch::tensor({std::log1p(std::exp(1.0))}, torch::kFloat64)));
}

TEST(DpoLoss, OfThePolicyThatEqualsItsReferenceIsLogTwo) {
  const auto result = dpo_loss(log_probs_2BT, log_probs_2BT, one_pair(), {});
  EXPECT_THAT(result.loss_B, IsClose(torch::tensor({std::log(2.0)}, torch::kFloat64)));
}

TEST(DpoLoss, AHalfThatEndsBeforeTheFirstDifferenceAddsNothing) {
  auto pairs = one_pair();
  pairs.preferred_mask_BL = torch::tensor({{true, true, false, false, false}});
  const auto result = dpo_loss(log_probs_2BT, no_reference, pairs, {.scale_coeff = 1.0});
  EXPECT_EQ(result.preferred_rewards_B.item<double>(), 0.0);
}

}  // namespace
}  // namespace ballast
