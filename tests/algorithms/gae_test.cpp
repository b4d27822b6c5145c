#include "algorithms/gae.h"

#include <gtest/gtest.h>

#include "tests/algorithms/close.h"

namespace ballast {
namespace {

const auto values_BT = torch::tensor({{0.5, -1.0, 2.0, 9.0}});
const auto rewards_BT = torch::tensor({{0.1, 0.2, 1.0, 9.0}});
const auto mask_BT = torch::tensor({{true, true, true, false}});

TEST(Gae, ReturnsEqualAdvantagesPlusValues) {
  const auto result = gae({values_BT, rewards_BT, mask_BT}, {.gamma = 0.9, .gae_lambda = 0.8});
  EXPECT_THAT(result.returns_BT - result.advantages_BT, IsClose(values_BT * mask_BT));
}

TEST(Gae, WithLambdaOneIsTheDiscountedReturnMinusTheValue) {
  const auto result = gae({values_BT, rewards_BT, mask_BT}, {.gamma = 0.5, .gae_lambda = 1.0});
  EXPECT_THAT(result.returns_BT, IsClose(torch::tensor({{0.1 + 0.1 + 0.25, 0.2 + 0.5, 1.0, 0.0}})));
}

TEST(Gae, WithLambdaZeroIsTheOneStepError) {
  const auto result = gae({values_BT, rewards_BT, mask_BT}, {.gamma = 1.0, .gae_lambda = 0.0});
  EXPECT_THAT(result.advantages_BT, IsClose(torch::tensor({{0.1 - 1.0 - 0.5, 0.2 + 2.0 + 1.0, 1.0 - 2.0, 0.0}})));
}

TEST(Gae, WhatFollowsTheResponseDoesNotMatter) {
  const auto cut = [](const torch::Tensor& x) { return x.slice(1, 0, 3); };
  const auto whole = gae({values_BT, rewards_BT, mask_BT}, {});
  const auto short_one = gae({cut(values_BT), cut(rewards_BT), cut(mask_BT)}, {});
  EXPECT_THAT(cut(whole.advantages_BT), IsClose(short_one.advantages_BT));
}

TEST(Gae, WhatPrecedesTheResponseDoesNotMatter) {
  const auto response = torch::tensor({{false, true, true, false}});
  const auto from_start = gae({values_BT, rewards_BT, mask_BT}, {});
  const auto masked = gae({values_BT, rewards_BT, response}, {});
  EXPECT_THAT(masked.advantages_BT.slice(1, 1), IsClose(from_start.advantages_BT.slice(1, 1)));
}

}  // namespace
}  // namespace ballast
