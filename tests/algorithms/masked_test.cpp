#include "algorithms/masked.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/algorithms/close.h"

namespace ballast {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

const auto x_BT = torch::tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
const auto mask_BT = torch::tensor({{true, true, false}, {false, false, true}});
const auto mask_with_empty_row_BT = torch::tensor({{true, true, false}, {false, false, false}});

TEST(Masked, MeanIsOfRowMeansNotOfTokens) {
  EXPECT_THAT(masked_mean(x_BT, mask_BT), IsClose(torch::tensor((1.5 + 6.0) / 2)));
}

TEST(Masked, AnEmptyRowMakesTheMeanNan) {
  EXPECT_THAT(masked_row_mean(x_BT, mask_with_empty_row_BT), IsClose(torch::tensor({1.5F, nan})));
  EXPECT_TRUE(std::isnan(masked_mean(x_BT, mask_with_empty_row_BT).item<double>()));
}

TEST(Masked, AnEmptyRowAddsNothingToAShareNorToItsGradient) {
  const auto leaf = x_BT.clone().requires_grad_(true);
  const auto share = masked_mean_share(leaf, mask_with_empty_row_BT, 1);
  share.backward();
  EXPECT_THAT(share.detach(), IsClose(torch::tensor(1.5)));
  EXPECT_THAT(leaf.grad(), IsClose(torch::tensor({{0.5, 0.5, 0.0}, {0.0, 0.0, 0.0}})));
}

TEST(Masked, TheWeightsOfAShareAreItsGradient) {
  for (const auto& mask : {mask_BT, mask_with_empty_row_BT}) {
    const auto leaf = x_BT.clone().requires_grad_(true);
    masked_mean_share(leaf, mask, 3).backward();
    EXPECT_THAT(masked_mean_share_weights(mask, 3), IsClose(leaf.grad()));
  }
}

TEST(Masked, SharesOfMicroBatchesSumToTheMeanOfTheMiniBatch) {
  const auto rows = count_nonempty_rows(mask_BT);
  auto sum = torch::zeros({});
  for (std::int64_t row = 0; row < 2; ++row) {
    sum += masked_mean_share(x_BT.slice(0, row, row + 1), mask_BT.slice(0, row, row + 1), rows);
  }
  EXPECT_THAT(sum, IsClose(masked_mean(x_BT, mask_BT)));
}

TEST(Masked, EmptyRowsAreNotCounted) {
  EXPECT_EQ(count_nonempty_rows(mask_BT), 2);
  EXPECT_EQ(count_nonempty_rows(mask_with_empty_row_BT), 1);
}

TEST(Masked, AMiniBatchWithoutAnyResponseIsRefused) {
  EXPECT_THROW(masked_mean_share(x_BT, torch::zeros_like(mask_BT), 0), c10::Error);
}

TEST(Masked, LastIndexSkipsPaddingAndHoles) {
  const auto mask = torch::tensor({{true, true, false, false},
                                   {false, true, true, true},
                                   {true, false, true, false},
                                   {false, false, false, false}});
  EXPECT_THAT(last_masked_index(mask), IsClose(torch::tensor({1, 3, 2, -1})));
}

TEST(Masked, ResponseMaskStartsAtThePositionThatPredictsTheFirstResponseToken) {
  const auto mask = response_mask(torch::tensor({2, 3, 2}), torch::tensor({5, 3, 3}), 4);
  EXPECT_THAT(mask, IsClose(torch::tensor({{false, true, true, true},        // tokens 2, 3, 4 are the response
                                           {false, false, false, false},     // no response
                                           {false, true, false, false}})));  // token 2 alone
}

}  // namespace
}  // namespace ballast
