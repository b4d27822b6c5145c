#include "algorithms/kl.h"

#include <gtest/gtest.h>

#include "algorithms/rewards/reward_function.h"
#include "tests/algorithms/close.h"

namespace ballast {
namespace {

ShapingInputs inputs_with_mask(const torch::Tensor& mask_BT) {
  return {.log_probs_BT = torch::tensor({{-1.0, -2.0, -3.0}}),
          .ref_log_probs_BT = torch::tensor({{-1.5, -1.0, -3.0}}),
          .scores_BT = at_last_response_token(torch::tensor({2.0}), mask_BT),
          .mask_BT = mask_BT};
}

const auto first_two = torch::tensor({{true, true, false}});

TEST(Kl, ScoresAndKlTermsAreSummed) {
  const KlConfig config{.kl_coeff = 0.1, .clip_range_score = 50.0};
  EXPECT_THAT(shape_rewards(inputs_with_mask(first_two), config), IsClose(torch::tensor({{-0.05, 0.1 + 2.0, 0.0}})));
  EXPECT_THAT(shape_costs(inputs_with_mask(first_two), config), IsClose(torch::tensor({{0.05, -0.1 + 2.0, 0.0}})));
}

TEST(Kl, ClampsTheSumOfKlTermAndScore) {
  const KlConfig config{.kl_coeff = 10.0, .clip_range_score = 4.0};
  EXPECT_THAT(shape_rewards(inputs_with_mask(first_two), config), IsClose(torch::tensor({{-4.0, 4.0, 0.0}})));
}

TEST(Kl, EveryTokenHasItsOwnReward) {
  auto inputs = inputs_with_mask(first_two);
  inputs.scores_BT = torch::tensor({{1.0, -2.0, 0.0}});
  EXPECT_THAT(shape_rewards(inputs, {.kl_coeff = 0.1}), IsClose(torch::tensor({{-0.05 + 1.0, 0.1 - 2.0, 0.0}})));
}

TEST(Kl, DivergenceSumsTheDifferenceOverTheResponse) {
  EXPECT_THAT(kl_divergence(inputs_with_mask(first_two)), IsClose(torch::tensor({-0.5})));
  EXPECT_THAT(kl_divergence(inputs_with_mask(torch::tensor({{true, false, true}}))), IsClose(torch::tensor({0.5})));
}

}  // namespace
}  // namespace ballast
