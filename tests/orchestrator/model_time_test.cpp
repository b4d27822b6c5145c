// By hand: a model of two layers with 100 weights each and a head of 50, on a device with 1000 operations a second,
// half of which are reached, and 200 bytes a second, of which a quarter is.
#include "orchestrator/model_time.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

const Cluster slow{.float32_flops = 1000.0,
                   .bfloat16_flops = 4000.0,
                   .product_share = 0.5,
                   .memory_bandwidth = 200.0,
                   .memory_share = 0.25,
                   .kernel_s = 0.0,
                   .within = {1.0, 100.0}};
const ModelShape shape{.layers = 2.0,
                       .hidden = 10.0,
                       .query_width = 5.0,
                       .key_width = 3.0,
                       .layer_weights = 100.0,
                       .head_weights = 50.0,
                       .parameters = 300.0};
const Spread alone{};
const Spread two_shards{.ranks = 2, .nodes = 1};

TEST(ModelTime, AForwardPassIsItsProductsAndAttention) {
  const ModelTime time(shape, alone, slow);
  // 3 rows of 4 tokens, the head on 2 of each; a row's tokens attend to 1 + 2 + 3 + 4 = 10.
  const double flops = 2.0 * 12.0 * 200.0 + 2.0 * 6.0 * 50.0 + 4.0 * 2.0 * 5.0 * 30.0;
  const auto cost = time.forward({.rows = 3.0, .tokens = 4.0, .logits = 2.0});
  EXPECT_DOUBLE_EQ(cost.work_s, flops / 500.0);
  EXPECT_DOUBLE_EQ(cost.exchange_s, 0.0);
}

TEST(ModelTime, LayersInBfloat16HaveItsRate) {
  auto half = shape;
  half.half = true;
  const Rows rows{.rows = 3.0, .tokens = 4.0, .logits = 2.0};
  EXPECT_DOUBLE_EQ(ModelTime(shape, alone, slow).forward(rows).work_s,
                   4.0 * ModelTime(half, alone, slow).forward(rows).work_s);
}

TEST(ModelTime, TwoShardsHalveTheWorkAndSumStatesTwiceInEachLayer) {
  const Rows rows{.rows = 3.0, .tokens = 4.0, .logits = 2.0};
  const auto whole = ModelTime(shape, alone, slow).forward(rows);
  const auto shared = ModelTime(shape, two_shards, slow).forward(rows);
  EXPECT_DOUBLE_EQ(shared.work_s, whole.work_s / 2.0);
  const double states = 12.0 * 10.0 * 4.0;
  const double sum_s = 2.0 * (1.0 + states / 2.0 / 100.0);
  EXPECT_DOUBLE_EQ(shared.exchange_s, 2.0 * 2.0 * sum_s);
  EXPECT_DOUBLE_EQ(shared.bytes.of(SentFor::TensorParallel).within, 2.0 * 2.0 * states);
}

TEST(ModelTime, ABackwardPassIsTwoForwardPassesAndAThirdWhereActivationsAreNotKept) {
  const Rows rows{.rows = 3.0, .tokens = 4.0, .logits = 2.0};
  auto checkpointing = shape;
  checkpointing.checkpointing = true;
  const double forward = ModelTime(shape, alone, slow).forward(rows).work_s;
  EXPECT_DOUBLE_EQ(ModelTime(shape, alone, slow).backward(rows).work_s, 2.0 * forward);
  EXPECT_DOUBLE_EQ(ModelTime(checkpointing, alone, slow).backward(rows).work_s, 3.0 * forward);
}

TEST(ModelTime, ADecodeStepReadsWeightsAndCacheWhereThatIsSlowerThanItsProducts) {
  // 5 rows through 2 slots are 3 waves of 6 steps; the cache has 4 + 6 / 2 positions of 2 sequences on average.
  const ModelTime time(shape, alone, slow);
  const double prefill = time.forward({.rows = 5.0, .tokens = 4.0, .logits = 1.0}).work_s;
  const double cache = 2.0 * 7.0 * 2.0 * 2.0 * 3.0 * 4.0;
  const double by_memory = (250.0 * 4.0 + cache) / 50.0;
  const double by_products = (2.0 * 2.0 * 250.0 + 4.0 * 2.0 * 7.0 * 2.0 * 5.0) / 500.0;
  ASSERT_GT(by_memory, by_products);
  const auto cost = time.generate({.rows = 5.0, .prompt = 4.0, .response = 6.0, .slots = 2.0});
  EXPECT_DOUBLE_EQ(cost.work_s, prefill + 18.0 * by_memory);
}

TEST(ModelTime, ADecodeStepOfManySlotsIsBoundByItsProducts) {
  const ModelTime time(shape, alone, slow);
  const double prefill = time.forward({.rows = 64.0, .tokens = 4.0, .logits = 1.0}).work_s;
  const double by_products = (2.0 * 64.0 * 250.0 + 4.0 * 64.0 * 7.0 * 2.0 * 5.0) / 500.0;
  const auto cost = time.generate({.rows = 64.0, .prompt = 4.0, .response = 6.0, .slots = 64.0});
  EXPECT_GT(cost.work_s, prefill + 6.0 * by_products * 0.999);
}

TEST(ModelTime, AdamWReadsFourNumbersOfAParameterAndWritesThree) {
  EXPECT_DOUBLE_EQ(ModelTime(shape, alone, slow).update(1.0).work_s, 7.0 * 4.0 * 300.0 / 50.0);
  EXPECT_DOUBLE_EQ(ModelTime(shape, two_shards, slow).update(3.0).work_s, 7.0 * 4.0 * 50.0 / 50.0);
}

TEST(ModelTime, SmallKernelsCostTheirLaunches) {
  auto cluster = slow;
  cluster.kernel_s = 0.5;
  const Rows rows{.rows = 1.0, .tokens = 1.0, .logits = 1.0};
  EXPECT_NEAR(ModelTime(shape, alone, cluster).forward(rows).work_s,
              ModelTime(shape, alone, slow).forward(rows).work_s + 2.0 * 12.0 * 0.5, 1e-9);
}

}  // namespace
}  // namespace ballast
