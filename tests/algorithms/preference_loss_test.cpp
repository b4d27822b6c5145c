#include "algorithms/preference_loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "tests/algorithms/close.h"

namespace ballast {
namespace {

double negative_log_sigmoid(double x) { return std::log1p(std::exp(-x)); }

// Two halves that part at token 1; the first ends at token 1, the second at token 2.
TokenPairs one_pair() {
  return {.preferred_ids_BL = torch::tensor({{5, 6, 0}}),
          .preferred_mask_BL = torch::tensor({{true, true, false}}),
          .other_ids_BL = torch::tensor({{5, 7, 8}}),
          .other_mask_BL = torch::tensor({{true, true, true}})};
}

const auto scores_2BL = torch::tensor({{9.0, 2.0, -1.0}, {9.0, 0.5, 1.0}}, torch::kFloat64);

TEST(PreferenceLoss, SpansRunFromTheFirstDifferenceToEachEnd) {
  const auto spans = pair_spans(one_pair());
  EXPECT_EQ(spans.first_difference_B.item<std::int64_t>(), 1);
  EXPECT_EQ(spans.preferred_end_B.item<std::int64_t>(), 1);
  EXPECT_EQ(spans.other_end_B.item<std::int64_t>(), 2);
}

TEST(PreferenceLoss, APairOfEqualSequencesIsNamed) {
  auto pairs = one_pair();
  pairs.other_ids_BL = pairs.preferred_ids_BL;
  EXPECT_THAT([&] { pair_spans(pairs); },
              testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("pair 0 of 1")));
}

TEST(RewardLoss, SequenceWiseComparesEndScores) {
  const auto result = reward_loss(scores_2BL, one_pair(), {.regularization = 0.1});
  const auto expected = negative_log_sigmoid(2.0 - 1.0) + 0.1 * (4.0 + 1.0) / 2.0;
  EXPECT_THAT(result.loss_B, IsClose(torch::tensor({expected}, torch::kFloat64)));
  EXPECT_TRUE(result.correct_B.item<bool>());
}

TEST(RewardLoss, TokenWiseComparesFromTheFirstDifferenceToTheLaterEnd) {
  const auto result =
      reward_loss(scores_2BL, one_pair(), {.loss_type = PreferenceLossType::TokenWise, .regularization = 0.0});
  const auto expected = (negative_log_sigmoid(1.5) + negative_log_sigmoid(-2.0)) / 2.0;
  EXPECT_THAT(result.loss_B, IsClose(torch::tensor({expected}, torch::kFloat64)));
}

TEST(CostLoss, RanksThePairAndPartsSafeFromUnsafeAtZero) {
  const auto safe_and_unsafe = torch::tensor({1, -1});
  const auto result = cost_loss(scores_2BL, safe_and_unsafe, one_pair(), {.regularization = 0.0});
  const auto expected = negative_log_sigmoid(1.0 - 2.0) + negative_log_sigmoid(-2.0) + negative_log_sigmoid(1.0);
  EXPECT_THAT(result.loss_B, IsClose(torch::tensor({expected}, torch::kFloat64)));
  EXPECT_FALSE(result.correct_B.item<bool>());
  EXPECT_THAT(result.sign_correct_2B, IsClose(torch::tensor({false, true})));
}

TEST(CostLoss, LossesOfPairsDoNotDependOnTheRestOfTheBatch) {
  const auto twice = [](const torch::Tensor& x) { return torch::cat({x, x}); };
  const auto pair = one_pair();
  const TokenPairs two_pairs{twice(pair.preferred_ids_BL), twice(pair.preferred_mask_BL), twice(pair.other_ids_BL),
                             twice(pair.other_mask_BL)};
  const auto scores_of_two = torch::cat({twice(scores_2BL.slice(0, 0, 1)), twice(scores_2BL.slice(0, 1, 2))});
  const PreferenceLossConfig config{.loss_type = PreferenceLossType::TokenWise, .regularization = 0.01};
  const auto one = cost_loss(scores_2BL, torch::tensor({1, -1}), pair, config);
  const auto two = cost_loss(scores_of_two, torch::tensor({1, 1, -1, -1}), two_pairs, config);
  EXPECT_THAT(two.loss_B, IsClose(twice(one.loss_B)));
}

}  // namespace
}  // namespace ballast
