#include "algorithms/rewards/reward_function.h"

#include <gtest/gtest.h>

#include "tests/algorithms/close.h"

namespace ballast {
namespace {

TEST(RewardFunction, ASequencesScoreSitsAtItsLastResponseToken) {
  const auto mask_BT = torch::tensor({{false, true, true, false}, {true, false, true, true}});
  EXPECT_THAT(at_last_response_token(torch::tensor({2.0, -3.0}), mask_BT),
              IsClose(torch::tensor({{0.0, 0.0, 2.0, 0.0}, {0.0, 0.0, 0.0, -3.0}})));
}

TEST(RewardFunction, ARowWithoutResponseHasNoScore) {
  EXPECT_THAT(at_last_response_token(torch::tensor({2.0}), torch::zeros({1, 3}, torch::kBool)),
              IsClose(torch::zeros({1, 3})));
}

}  // namespace
}  // namespace ballast
