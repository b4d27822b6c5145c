#include "launch/plan/predict.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "launch/config_file.h"
#include "launch/plan/clusters.h"
#include "launch/plan/plan_report.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

const RandomModelConfig llama_7b{.vocab = 32001,
                                 .hidden = 4096,
                                 .intermediate = 11008,
                                 .layers = 32,
                                 .heads = 32,
                                 .kv_heads = 32,
                                 .max_length = 2048};

// Six models of Alpaca-7B's shape.
TrainConfig six_times_7b() {
  TrainConfig config;
  auto& workers = config.workers;
  for (auto* model : {&workers.actor.model, &workers.reward.model, &workers.cost.model}) {
    model->random = llama_7b;
    model->dtype = ComputeDType::bfloat16;
  }
  for (auto* zero : {&workers.actor.zero, &workers.reward_critic.zero, &workers.cost_critic.zero}) *zero = true;
  workers.generation.slots = 16;
  workers.gradient_lanes = 1;
  config.loop.batch = {.rollout = 128, .mini_batch = 128, .micro_batch = 16, .max_length = 512};
  config.prompts.random = RandomPromptsConfig{.min_length = 128, .max_length = 128, .vocab = 32000};
  config.iterations = 1;
  return config;
}

Placement everywhere(const TrainConfig& config, int ranks) {
  std::vector<int> all(static_cast<std::size_t>(ranks));
  std::iota(all.begin(), all.end(), 0);
  Placement placement;
  for (const Role role : config.roles()) placement[role] = Layout(all);
  return placement;
}

TEST(WorkloadOf, HasTheShapeOfAlpaca7B) {
  const auto config = six_times_7b();
  const auto workload = workload_of(config, {}, find_cluster("h100"));
  const auto& actor = workload.roles.at(Role::Actor).model;
  EXPECT_EQ(actor.layer_weights, 4.0 * 4096 * 4096 + 3.0 * 4096 * 11008);
  EXPECT_NEAR(actor.parameters, 6.738e9, 0.001e9);
  EXPECT_EQ(workload.roles.at(Role::RewardCritic).model.head_weights, 4096);
  EXPECT_TRUE(workload.roles.at(Role::CostCritic).zero);
  EXPECT_FALSE(workload.roles.at(Role::Cost).zero);
  EXPECT_EQ(workload.prompt, 128);
  EXPECT_EQ(workload.response, 384);
}

TEST(WorkloadOf, RefusesLengthsThatDoNotFit) {
  const auto config = six_times_7b();
  EXPECT_THAT([&] { workload_of(config, {.prompt = 512}, {}); },
              ThrowsMessage<UserError>(HasSubstr("batch.max_length")));
  EXPECT_THAT([&] { workload_of(config, {.response = 385}, {}); }, ThrowsMessage<UserError>(HasSubstr("385")));
}

// The arithmetic of docs/scaling.md: one node, every rank has all six roles and one micro-batch of 16 rows.
TEST(Predict, ANodeWithSixModelsOf7BTakesWhatTheHandArithmeticSays) {
  const auto config = six_times_7b();
  const auto cluster = find_cluster("1x8xH100");
  const auto prediction = predict(config, everywhere(config, 8), cluster);
  const double weights = 6.74e9;
  const double tokens = 16.0 * 512.0;
  const double pass_s = 2.0 * weights * tokens / (989e12 * 0.5);
  const double cache = 16.0 * (128.0 + 384.0 / 2.0) * 32.0 * 2.0 * 4096.0 * 2.0;
  const double launches = 32.0 * 9.0 * 4e-6;
  const double decode_s = 384.0 * ((2.0 * weights + cache) / (3.35e12 * 0.7) + launches);
  EXPECT_NEAR(prediction.phase_s.at("generate"), decode_s + 1.25 * pass_s, 0.05 * decode_s);
  EXPECT_NEAR(prediction.phase_s.at("score"), 5.0 * pass_s, 0.15 * 5.0 * pass_s);
  EXPECT_GT(prediction.phase_s.at("learn"), 3.0 * 2.0 * pass_s);
  EXPECT_NEAR(prediction.iteration_s,
              prediction.phase_s.at("generate") + prediction.phase_s.at("score") + prediction.phase_s.at("learn"),
              0.05 * prediction.iteration_s);
  EXPECT_EQ(prediction.bytes.of(SentFor::Gradients).between, 0.0);
  EXPECT_NEAR(prediction.bytes.of(SentFor::Gradients).within, 8.0 * 3.0 * 7.0 / 8.0 * 4.0 * weights,
              0.03 * 8.0 * 3.0 * 4.0 * weights);
}

TEST(Predict, SixModelsOf7BDoNotFitOnEveryDeviceAndThePlanSaysWhich) {
  const auto config = six_times_7b();
  const auto prediction = predict(config, everywhere(config, 8), find_cluster("1x8xH100"));
  EXPECT_FALSE(prediction.fits());
  EXPECT_THAT(describe_misfits(prediction), HasSubstr("ranks 0-7 (actor, reference"));
}

TEST(Predict, ThousandsOfRanksAreAsFewClasses) {
  auto config = six_times_7b();
  config.loop.batch.rollout = config.loop.batch.mini_batch = 16 * 16384;
  const auto cluster = find_cluster("2048x8xH100");
  const auto placement = everywhere(config, 16384);
  const auto prediction = predict(config, placement, cluster);
  EXPECT_EQ(prediction.ranks, 16384);
  EXPECT_EQ(prediction.memory.size(), 1U);
  EXPECT_GT(prediction.orchestrator_s, 0.1) << "a message for each rank and command";
}

TEST(Predict, APriceIsThatOfAllDevicesForTheTime) {
  const auto config = six_times_7b();
  auto cluster = find_cluster("1x8xH100");
  cluster.price_per_device_hour = 2.5;
  const auto prediction = predict(config, everywhere(config, 8), cluster);
  EXPECT_NEAR(prediction.price, 8.0 * 2.5 * prediction.iteration_s / 3600.0, 1e-9);
}

TEST(PlanReport, ShowsEveryTable) {
  const auto config = six_times_7b();
  const auto cluster = find_cluster("1x8xH100");
  const auto placement = everywhere(config, 8);
  const auto prediction = predict(config, placement, cluster);
  const PlanReport report{.cluster = cluster, .placement = placement, .prediction = prediction};
  const auto text = describe(report);
  for (const auto* words : {"8 ranks on 1 x 8 h100", "replicas x shards", "memory of a rank, GB of 80.0",
                            "iteration:", "what an iteration waits for", "GB an iteration", "device-hours"}) {
    EXPECT_THAT(text, HasSubstr(words));
  }
  EXPECT_THAT(text, Not(HasSubstr("price"))) << "none is known";
  const auto json = to_json(report);
  EXPECT_EQ(json.at("placement").at("actor").at("ranks").size(), 8U);
  EXPECT_EQ(json.at("fits"), false);
  EXPECT_DOUBLE_EQ(json.at("iteration_s").get<double>(), prediction.iteration_s);
}

TEST(PlanReport, RanksAreRuns) {
  EXPECT_EQ(describe_ranks({0, 1, 2, 5, 7, 8}), "0-2, 5, 7-8");
  EXPECT_EQ(describe_ranks({3}), "3");
  EXPECT_EQ(describe_ranks({0, 2, 4, 6, 8, 10, 12, 14, 16, 18}), "0, 2, 4, 6, 8, 10, 12, 14, ... (10 ranks)");
}

}  // namespace
}  // namespace ballast
