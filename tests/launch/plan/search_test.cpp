#include "launch/plan/search.h"

#include <gmock/gmock.h>

#include "launch/config_file.h"
#include "launch/plan/clusters.h"
#include "launch/plan/search_report.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Six models of one shape.
TrainConfig six_models(const RandomModelConfig& shape) {
  TrainConfig config;
  auto& workers = config.workers;
  for (auto* model : {&workers.actor.model, &workers.reward.model, &workers.cost.model}) {
    model->random = shape;
    model->dtype = ComputeDType::bfloat16;
  }
  workers.generation.slots = 16;
  workers.gradient_lanes = 1;
  config.loop.batch = {.rollout = 128, .mini_batch = 128, .micro_batch = 16, .max_length = 512};
  config.prompts.random = RandomPromptsConfig{.min_length = 128, .max_length = 128, .vocab = 32000};
  config.iterations = 1;
  return config;
}

const RandomModelConfig llama_7b{.vocab = 32001,
                                 .hidden = 4096,
                                 .intermediate = 11008,
                                 .layers = 32,
                                 .heads = 32,
                                 .kv_heads = 32,
                                 .max_length = 2048};
const RandomModelConfig small{
    .vocab = 32001, .hidden = 512, .intermediate = 1024, .layers = 4, .heads = 8, .kv_heads = 8, .max_length = 2048};

Placement placed(const TrainConfig& config, int ranks) {
  std::vector<std::string> violations;
  const auto placement = resolve_placement(config.placement, config.placement_request(ranks), violations);
  EXPECT_THAT(violations, IsEmpty());
  return placement;
}

TEST(SearchPlacement, FindsThreePlacementsThatFitTheFastestFirst) {
  const auto config = six_models(llama_7b);
  const auto cluster = find_cluster("1x8xH100");
  const auto result = search_placement({.config = config, .cluster = cluster, .ranks = 8});
  ASSERT_EQ(result.best.size(), 3U);
  EXPECT_LE(result.predicted, 24);
  double before = 0.0;
  for (const auto& found : result.best) {
    EXPECT_TRUE(found.prediction.fits());
    EXPECT_GT(found.prediction.iteration_s, before);
    before = found.prediction.iteration_s;
  }
}

TEST(SearchPlacement, WhatItFoundIsAConfigurationWithThatPrediction) {
  const auto config = six_models(llama_7b);
  const auto cluster = find_cluster("1x8xH100");
  const auto result = search_placement({.config = config, .cluster = cluster, .ranks = 8});
  const auto& best = result.best.front();
  const auto found = parse_config<TrainConfig>({.text = write_config(config), .source = "test"}, overrides_of(best));
  EXPECT_EQ(placed(found, 8), best.placement);
  EXPECT_DOUBLE_EQ(predict(found, best.placement, cluster).iteration_s, best.prediction.iteration_s);
}

TEST(SearchPlacement, IsAsFastAsTheFastestOfAllThatFit) {
  const auto config = six_models(small);
  const auto cluster = find_cluster("1x2xH100");
  const auto some = search_placement({.config = config, .cluster = cluster, .ranks = 2});
  const auto all = search_placement(
      {.config = config, .cluster = cluster, .ranks = 2, .predictions = 1 << 30, .alike = 1 << 30, .beyond = 1e9});
  EXPECT_EQ(all.predicted, all.candidates);
  EXPECT_GT(all.predicted, some.predicted);
  EXPECT_LE(some.best.front().prediction.iteration_s, 1.02 * all.best.front().prediction.iteration_s);
}

// 43 million parameters of the actor and 27 of each critic take 18 bytes each, those that stay 2: 1.9 GB.
TEST(SearchPlacement, SaysWhoNeedsTooMuchAndWhatWouldDo) {
  auto cluster = find_cluster("1x1xH100");
  const auto config = six_models(small);
  for (const double memory : {1.0e9, 2.1e9}) {  // too little for that; for activations beside it
    cluster.memory = memory;
    const auto result = search_placement({.config = config, .cluster = cluster, .ranks = 1});
    EXPECT_THAT(result.best, IsEmpty()) << memory;
    EXPECT_THAT(result.shortage,
                HasSubstr("rank 0 (actor, reference, reward, cost, reward_critic, cost_critic) needs "));
    EXPECT_THAT(describe(result), HasSubstr(result.shortage));
  }
}

TEST(SearchReport, NamesTimeIdleMemoryAndWhatIsWaitedFor) {
  const auto config = six_models(llama_7b);
  const auto cluster = find_cluster("1x8xH100");
  const auto text = describe(search_placement({.config = config, .cluster = cluster, .ranks = 8}));
  for (const auto* words : {"\n1. ", "\n3. ", " s an iteration", "% idle", " of 80.0 GB", "waits above all for ",
                            "\nplacement:\n  actor: [0", "\nactor: {tensor_parallel: "})
    EXPECT_THAT(text, HasSubstr(words));
  EXPECT_THAT(text, Not(HasSubstr("\n4. ")));
}

}  // namespace
}  // namespace ballast
