#include "launch/bench/model_cost.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

// One layer: 2 heads of 3, 1 of keys; matrices 6*6 (q), 2 * 6*3 (k, v), 6*6 (o), 3 * 6*10 (MLP) = 288; head 6*20 = 120.
const ModelConfig model{
    .vocab = 20, .hidden = 6, .intermediate = 10, .layers = 1, .heads = 2, .kv_heads = 1, .head_dim = 3};

TEST(ModelCost, OfAPrefillCountsProductsAndCausalAttention) {
  const auto cost = forward_cost(model, ComputeDType::float32, {.rows = 2, .last = 4, .logits = 2});
  // Each row's tokens meet 1 + 2 + 3 + 4 keys, at 4 * 2 heads * 3 operations each.
  EXPECT_DOUBLE_EQ(cost.flops, 2.0 * 288 * 8 + 2.0 * 120 * 2 + 24.0 * 2 * 10);
  EXPECT_DOUBLE_EQ(cost.bytes, 4.0 * (288 + 120));
}

TEST(ModelCost, OfADecodeStepReadsTheWeightsAndWhatIsCached) {
  const auto cost = forward_cost(model, ComputeDType::bfloat16, {.rows = 2, .first = 4, .last = 5, .logits = 2});
  EXPECT_DOUBLE_EQ(cost.flops, 2.0 * 288 * 2 + 2.0 * 120 * 2 + 24.0 * 2 * 5);
  EXPECT_DOUBLE_EQ(cost.bytes, 2.0 * (288 + 120) + 4.0 * 2 * 4 * 2 * 3);
}

TEST(ModelCost, WithoutLogitsLeavesTheHeadAlone) {
  const auto cost = forward_cost(model, ComputeDType::float32, {.rows = 1, .last = 1});
  EXPECT_DOUBLE_EQ(cost.flops, 2.0 * 288 + 24.0);
  EXPECT_DOUBLE_EQ(cost.bytes, 4.0 * 288);
}

TEST(ModelCost, OfAStepIsThreeForwardsAndTheOptimizer) {
  const RowsOfTokens tokens{.rows = 2, .last = 4, .logits = 6};
  const auto forward = forward_cost(model, ComputeDType::float32, tokens);
  const auto step = train_step_cost(model, ComputeDType::float32, tokens);
  EXPECT_DOUBLE_EQ(step.flops, 3.0 * forward.flops);
  EXPECT_DOUBLE_EQ(step.bytes, 3.0 * forward.bytes + 28.0 * (288 + 120 + 120));
}

}  // namespace
}  // namespace ballast
