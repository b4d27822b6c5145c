#include "workers/model/packed_tokens.h"

#include <gmock/gmock.h>
#include <torch/types.h>

namespace ballast {
namespace {

using testing::ElementsAre;

// B = 3, L = 4: left padding, an empty row, a hole.
const torch::Tensor& tokens_BL() {
  static const torch::Tensor tokens = torch::tensor({{0, 0, 11, 12}, {0, 0, 0, 0}, {31, 0, 33, 34}});
  return tokens;
}

PackedTokens packed() { return PackedTokens::from_padded(tokens_BL(), tokens_BL() != 0); }

TEST(PackedTokens, DropThePaddingWhereverItIs) {
  EXPECT_TRUE(torch::equal(packed().tokens_N, torch::tensor({11, 12, 31, 33, 34})));
  EXPECT_TRUE(torch::equal(packed().positions_N, torch::tensor({0, 1, 0, 1, 2})));
  EXPECT_TRUE(torch::equal(packed().columns_N, torch::tensor({2, 3, 0, 2, 3})));
  EXPECT_THAT(packed().cu_lengths, ElementsAre(0, 2, 2, 5));
  EXPECT_EQ(packed().length(1), 0);
}

TEST(PackedTokens, TakeLengthsForRowsPaddedOnTheRight) {
  const auto rows = PackedTokens::from_right_padded(torch::arange(8).view({2, 4}), torch::tensor({3, 1}));
  EXPECT_TRUE(torch::equal(rows.tokens_N, torch::tensor({0, 1, 2, 4})));
  EXPECT_THAT(rows.cu_lengths, ElementsAre(0, 3, 4));
}

TEST(PackedTokens, PairEachTokenWithItsFollowerInTheSameSequence) {
  const auto [rows_M, ids_M] = next_tokens(packed());
  EXPECT_TRUE(torch::equal(rows_M, torch::tensor({0, 2, 3})));
  EXPECT_TRUE(torch::equal(ids_M, torch::tensor({12, 33, 34})));
}

TEST(PackedTokens, PairOnlyTokensWhoseFollowerIsWanted) {
  const auto wanted_N = torch::tensor({true, true, false, true, true});
  const auto [rows_M, ids_M] = next_tokens(packed(), wanted_N);
  EXPECT_TRUE(torch::equal(rows_M, torch::tensor({0, 3})));
  EXPECT_TRUE(torch::equal(ids_M, torch::tensor({12, 34})));
}

TEST(PackedTokens, HaveNoFollowersWhenThereAreNoTokens) {
  const auto nothing = PackedTokens::from_padded(torch::zeros({2, 3}, torch::kInt64), torch::zeros({2, 3}));
  EXPECT_EQ(next_tokens(nothing).rows_M.numel(), 0);
  EXPECT_TRUE(torch::equal(unpack_next_token(torch::zeros({0}), nothing, 2), torch::zeros({2, 2})));
}

TEST(PackedTokens, UnpackAValueToTheColumnOfItsTokenAndDropTheLastColumn) {
  const torch::Tensor values_N = torch::arange(1, 6, torch::kFloat32).requires_grad_(true);
  const torch::Tensor values_BT = unpack_next_token(values_N, packed(), 3);
  EXPECT_TRUE(torch::equal(values_BT, torch::tensor({{0.F, 0.F, 1.F}, {0.F, 0.F, 0.F}, {3.F, 0.F, 4.F}})));
  values_BT.sum().backward();
  EXPECT_TRUE(torch::equal(values_N.grad(), torch::tensor({1.F, 0.F, 1.F, 1.F, 0.F})));
}

TEST(PackedTokens, PackWhatTheyUnpacked) {
  const torch::Tensor values_BT = torch::arange(1, 10, torch::kFloat32).view({3, 3}).requires_grad_(true);
  const torch::Tensor values_N = pack_next_token(values_BT, packed());
  EXPECT_TRUE(torch::equal(values_N, torch::tensor({3.F, 0.F, 7.F, 9.F, 0.F})));
  values_N.sum().backward();
  EXPECT_EQ(values_BT.grad().sum().item<float>(), 3.F);
}

TEST(PackedTokens, RefuseShapesThatDoNotAgree) {
  EXPECT_THROW(PackedTokens::from_padded(torch::zeros({2, 3}, torch::kInt64), torch::zeros({2, 2})),
               std::invalid_argument);
  EXPECT_THROW(PackedTokens::from_padded(torch::zeros({6}, torch::kInt64), torch::zeros({6})), std::invalid_argument);
  EXPECT_THROW(PackedTokens::from_right_padded(torch::zeros({2, 3}, torch::kInt64), torch::zeros({3})),
               std::invalid_argument);
}

}  // namespace
}  // namespace ballast
