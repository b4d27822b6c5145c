#include "orchestrator/cost_model.h"

#include <gmock/gmock.h>

namespace ballast {
namespace {

using ::testing::DoubleEq;
using ::testing::Each;

const ModelShape shape{.layers = 2.0,
                       .hidden = 10.0,
                       .query_width = 5.0,
                       .key_width = 3.0,
                       .layer_weights = 100.0,
                       .head_weights = 50.0,
                       .parameters = 300.0};
// Two nodes of two devices.
const Cluster cluster{.nodes = 2,
                      .devices = 2,
                      .float32_flops = 1000.0,
                      .memory_bandwidth = 200.0,
                      .kernel_s = 0.0,
                      .command_s = 0.0,
                      .within = {1.0, 100.0},
                      .between = {2.0, 10.0}};

Workload workload() {
  return {.roles = {{Role::Actor, {.model = shape}}, {Role::RewardCritic, {.model = shape}}},
          .batch = {.rollout = 8, .mini_batch = 4, .micro_batch = 2, .max_length = 11},
          .prompt = 4.0,
          .response = 6.0,
          .slots = 2.0};
}

CostModel model_of(const Workload& work, const Placement& placement) {
  return {work, cluster, placement, {.columns = 1, .placement = placement, .batch = work.batch}};
}

const Placement two_actors{{Role::Actor, {0, 1}}, {Role::RewardCritic, {2}}};

const Rows speaking{.rows = 2.0, .tokens = 10.0, .logits = 6.0};
const ModelTime time_alone(shape, {}, cluster);

TEST(CostModel, AGenerationIsDecodingAndTheForwardPassOfItsLogProbs) {
  const Command command{.ranks = {0}, .body = Generate{.key = {}, .row_ids = {0, 1}, .prompts = {}, .responses = {}}};
  const Decoding decoding{.rows = 2.0, .prompt = 4.0, .response = 6.0, .slots = 2.0};
  EXPECT_DOUBLE_EQ(model_of(workload(), two_actors).costs(command).front().work_s,
                   time_alone.generate(decoding).work_s + time_alone.forward(speaking).work_s);
  auto taken_from_decoding = workload();
  taken_from_decoding.recomputes_log_probs = false;
  EXPECT_DOUBLE_EQ(model_of(taken_from_decoding, two_actors).costs(command).front().work_s,
                   time_alone.generate(decoding).work_s);
}

TEST(CostModel, ACriticScoresEveryTokenAndARuleCostsNothing) {
  const auto costs = model_of(workload(), two_actors);
  const auto score = [&](Role role) {
    return costs.costs({.ranks = {2}, .body = Score{.role = role, .key = {}, .row_ids = {0, 1}}}).front().seconds();
  };
  EXPECT_DOUBLE_EQ(score(Role::RewardCritic), time_alone.forward({.rows = 2.0, .tokens = 10.0, .logits = 10.0}).work_s);
  EXPECT_EQ(score(Role::Reward), 0.0);
}

TEST(CostModel, ATransferTakesAsLongAsItsBusiestLink) {
  const Transfer transfer{.rows = 2, .max_length = 11, .legs = {{Field::Tokens, 0, 1}, {Field::Lengths, 0, 2}}};
  const auto costs = model_of(workload(), two_actors).costs({.ranks = {0, 1, 2}, .body = transfer});
  const double tokens = 2.0 * 8.0 * 11.0;
  const double lengths = 2.0 * 8.0;
  const double sending = tokens / 100.0 + lengths / 10.0;
  EXPECT_DOUBLE_EQ(costs[0].exchange_s, 2.0 + sending);
  EXPECT_DOUBLE_EQ(costs[1].exchange_s, 1.0 + sending);
  EXPECT_DOUBLE_EQ(costs[0].bytes.of(SentFor::Transfer).within, tokens);
  EXPECT_DOUBLE_EQ(costs[0].bytes.of(SentFor::Transfer).between, lengths);
  EXPECT_EQ(costs[2].bytes.sum().sum(), 0.0) << "who receives sends nothing";
}

// Two rows in each micro-batch.
Learn learn(std::int64_t step, std::vector<int> micro_batches) {
  const auto rows = 2 * std::ssize(micro_batches);
  return {.role = Role::Actor,
          .step = step,
          .batch = 1,
          .micro_batches = std::move(micro_batches),
          .rows = rows,
          .ptx = {}};
}

TEST(CostModel, LearningIsPassesOverTheOwnMicroBatchesAnUpdateAndTheSumOfGradients) {
  const auto costs = model_of(workload(), two_actors).costs({.ranks = {0, 1}, .body = learn(1, {2, 3})});
  EXPECT_DOUBLE_EQ(costs[0].work_s, time_alone.forward(speaking).work_s + time_alone.backward(speaking).work_s +
                                        time_alone.update(1.0).work_s);
  EXPECT_DOUBLE_EQ(costs[0].exchange_s, all_reduce(1200.0, {.ranks = 2, .nodes = 1}, cluster).seconds);
  EXPECT_DOUBLE_EQ(costs[0].bytes.of(SentFor::Gradients).within, 1200.0);
}

TEST(CostModel, TheFirstStepHasTheForwardPassThatScoringKept) {
  const auto costs = model_of(workload(), two_actors);
  const double later = costs.costs({.ranks = {0, 1}, .body = learn(1, {2, 3})})[0].work_s;
  const double first = costs.costs({.ranks = {0, 1}, .body = learn(0, {0, 1})})[0].work_s;
  const double next_iteration = costs.costs({.ranks = {0, 1}, .body = learn(2, {0, 1})})[0].work_s;
  EXPECT_DOUBLE_EQ(first, later - time_alone.forward(speaking).work_s);
  EXPECT_EQ(first, next_iteration);
}

TEST(CostModel, AReplicaWithoutMicroBatchesOnlyUpdates) {
  const auto costs = model_of(workload(), two_actors).costs({.ranks = {0, 1}, .body = learn(1, {2})});
  EXPECT_DOUBLE_EQ(costs[1].work_s, time_alone.update(1.0).work_s);
}

TEST(CostModel, WithZeroEachReplicaUpdatesItsPartAndScattersGradientsDuringTheBackwardPass) {
  auto work = workload();
  work.roles[Role::Actor].zero = true;
  auto slow_links = cluster;
  slow_links.within.bandwidth = 10.0;
  const Spread replicas{.ranks = 2, .nodes = 1};
  const double backward_s = time_alone.backward(speaking).work_s;
  for (const auto& links : {cluster, slow_links}) {
    const CostModel costs(work, links, two_actors, {.columns = 1, .placement = two_actors, .batch = work.batch});
    const auto cost = costs.costs({.ranks = {0, 1}, .body = learn(1, {2, 3})})[0];
    const auto scatter = reduce_scatter(1200.0, replicas, links);
    const auto gather = all_gather(1200.0, replicas, links);
    EXPECT_DOUBLE_EQ(cost.exchange_s, std::max(scatter.seconds - backward_s, 0.0) + gather.seconds);
    EXPECT_DOUBLE_EQ(cost.bytes.of(SentFor::Parameters).within, gather.bytes.within);
    EXPECT_DOUBLE_EQ(cost.work_s, time_alone.forward(speaking).work_s + backward_s + time_alone.update(2.0).work_s);
  }
  EXPECT_GT(reduce_scatter(1200.0, replicas, slow_links).seconds, backward_s);
  EXPECT_LT(reduce_scatter(1200.0, replicas, cluster).seconds, backward_s);
}

TEST(CostModel, ShardsShareTheWorkAndSumGradientsWithTheSameShardOfOtherReplicas) {
  const Placement sharded{{Role::Actor, Layout({0, 1, 2, 3}, 2)}, {Role::RewardCritic, {0}}};
  const auto costs = model_of(workload(), sharded).costs({.ranks = {0, 1, 2, 3}, .body = learn(1, {2, 3})});
  EXPECT_THAT(costs, Each(::testing::Field(&StepCost::work_s, DoubleEq(costs[0].work_s))));
  EXPECT_DOUBLE_EQ(costs[0].bytes.of(SentFor::Gradients).between, 600.0) << "half a gradient, to the other node";
  EXPECT_GT(costs[0].bytes.of(SentFor::TensorParallel).within, 0.0);
  EXPECT_EQ(costs[0].bytes.of(SentFor::TensorParallel).between, 0.0);
}

TEST(CostModel, RowsThatGoToAnotherReplicaAreSentByEachShard) {
  const Placement sharded{{Role::Actor, Layout({0, 1, 2, 3}, 2)}, {Role::RewardCritic, {0}}};
  const Regroup regroup{
      .role = Role::Actor,
      .max_length = 11,
      .fields = {Field::Tokens, Field::Lengths},
      .micro_batches = {{{.micro_batch = 0, .row = 0}, {.micro_batch = 1, .row = 0}}, {{.micro_batch = 1, .row = 1}}},
      .ranks = {0, 1, 2, 3},
      .shards = 2};
  const auto costs = model_of(workload(), sharded).costs({.ranks = {0, 1, 2, 3}, .body = regroup});
  const double row = 8.0 * 11.0 + 8.0;
  EXPECT_EQ(costs[0].bytes.sum().sum(), 0.0);
  for (const int sender : {2, 3}) {
    EXPECT_DOUBLE_EQ(costs[sender].bytes.of(SentFor::Transfer).between, row);
    EXPECT_DOUBLE_EQ(costs[sender].exchange_s, row / 10.0);
  }
}

TEST(CostModel, EveryCommandCostsItsRankALittle) {
  auto busy = cluster;
  busy.command_s = 0.5;
  const auto work = workload();
  const CostModel costs(work, busy, two_actors, {.columns = 1, .placement = two_actors, .batch = work.batch});
  EXPECT_EQ(costs.costs({.ranks = {0, 1}, .body = Free{}})[1].seconds(), 0.5);
}

}  // namespace
}  // namespace ballast
