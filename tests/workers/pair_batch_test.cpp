#include "workers/pair_batch.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace ballast {
namespace {

std::vector<PairRow> pairs_of_different_lengths() {
  return {{.preferred = {5, 6, 7}, .other = {5, 8}, .preferred_sign = 1, .other_sign = -1},
          {.preferred = {5}, .other = {5, 5, 5, 5}, .preferred_sign = -1, .other_sign = -1}};
}

TEST(PairBatch, PacksThePreferredSequencesThenTheOthers) {
  const auto batch = PairBatch::from_rows(pairs_of_different_lengths());
  EXPECT_EQ(batch.packed.cu_lengths, (std::vector<std::int64_t>{0, 3, 4, 6, 10}));
  EXPECT_TRUE(torch::equal(batch.safety_sign_2B, torch::tensor({1, -1, -1, -1})));
  EXPECT_TRUE(torch::equal(batch.pairs.other_mask_BL.sum(1), torch::tensor({2, 4})));
}

TEST(PairBatch, ASequenceThatHasEndedKeepsTheScoreOfItsLastToken) {
  const auto batch = PairBatch::from_rows(pairs_of_different_lengths());
  const auto scores_2BL = batch.by_position(torch::arange(10, torch::kFloat));
  EXPECT_TRUE(torch::equal(
      scores_2BL,
      torch::tensor({{0., 1., 2., 2.}, {3., 3., 3., 3.}, {4., 5., 5., 5.}, {6., 7., 8., 9.}}).to(torch::kFloat)));
}

TEST(PairBatch, TheBeginningOfAResponseDiffersFromTheWhole) {
  const auto spans = pair_spans(PairBatch::from_rows(pairs_of_different_lengths()).pairs);
  EXPECT_TRUE(torch::equal(spans.first_difference_B, torch::tensor({1, 1})));
  EXPECT_TRUE(torch::equal(spans.preferred_end_B, torch::tensor({2, 0})));
  EXPECT_TRUE(torch::equal(spans.other_end_B, torch::tensor({1, 3})));
}

TEST(PairBatch, AResponseWithoutTokensIsRefused) {
  EXPECT_THROW(PairBatch::from_rows({{.preferred = {1}, .other = {}}}), std::invalid_argument);
}

}  // namespace
}  // namespace ballast
