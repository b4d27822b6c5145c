// What a supervised job orders: its loop over simulated ranks.
#include "orchestrator/supervised_loop.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/orchestrator/simulated_ranks.h"

namespace ballast {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::SizeIs;

const Layout two_replicas_of_two_shards({0, 1, 2, 3}, 2);

// Ten pairs; pair i begins with token i.
std::vector<PairRow> ten_pairs() {
  std::vector<PairRow> pairs;
  for (std::int64_t i = 0; i < 10; ++i) pairs.push_back({.preferred = {i, 1}, .other = {i, 2}});
  return pairs;
}

// Every micro-batch adds 0.25 to the loss; a pair's scores are its index and 0. The first shard of each replica
// reports.
Event plausible(const Command& command, int rank) {
  const int replica = rank / two_replicas_of_two_shards.shards();
  Event event;
  if (rank % two_replicas_of_two_shards.shards() != 0) return event;
  if (const auto* learn = std::get_if<LearnPairs>(&command.body)) {
    for (std::size_t m = 0; m < learn->micro_batches.size(); ++m) {
      if (static_cast<int>(m) % two_replicas_of_two_shards.replicas() != replica) continue;
      event.micro_batches.ids.push_back(static_cast<std::int64_t>(m));
      event.micro_batches.values["loss"].push_back(0.25);
    }
    event.scalars["lr"] = 0.1;
  }
  if (const auto* evaluate = std::get_if<EvaluatePairs>(&command.body)) {
    event.rows.ids = evaluate->row_ids;
    for (const auto& row : evaluate->rows) {
      event.rows.values["loss"].push_back(static_cast<double>(row.preferred.front()));
      event.rows.values["preferred_score"].push_back(static_cast<double>(row.preferred.front()));
      event.rows.values["other_score"].push_back(0.0);
    }
  }
  return event;
}

struct SimulatedRun {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / "ballast_supervised_loop_test";
  SimulatedRanks ranks{1, plausible};
  std::vector<std::pair<std::int64_t, StepMetrics>> shown;

  explicit SimulatedRun(const SupervisedLoopConfig& config) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    CommandStream stream(ranks, {{{Role::Reward, two_replicas_of_two_shards}}, std::vector<std::string>(4, "host")},
                         {});
    SupervisedRole role(Role::Reward, two_replicas_of_two_shards, stream);
    Journal journal(folder);
    const auto examples = pair_examples(ten_pairs(), Role::Reward);
    role.load(training_steps(config, examples->size()));
    Checkpoints checkpoints([&](const std::string& path) { role.save(path + "/reward"); }, stream, {}, folder);
    train_supervised(
        role, config,
        {.examples = *examples,
         .held_out = examples.get(),
         .journal = journal,
         .checkpoints = checkpoints,
         .on_step = [&](std::int64_t step, const StepMetrics& figures) { shown.emplace_back(step, figures); }});
  }
  ~SimulatedRun() { std::filesystem::remove_all(folder); }

  std::vector<LearnPairs> steps() {
    std::vector<LearnPairs> result;
    for (const auto& command : ranks.history(1)) {
      if (const auto* learn = std::get_if<LearnPairs>(&command.body)) result.push_back(*learn);
    }
    return result;
  }
};

const SupervisedLoopConfig two_epochs{.epochs = 2, .batch = {.mini_batch = 4, .micro_batch = 2}};

TEST(SupervisedLoop, EveryEpochVisitsAllExamplesOnceInAnotherOrder) {
  const auto steps = SimulatedRun(two_epochs).steps();
  ASSERT_EQ(steps.size(), 6u);
  std::vector<std::vector<std::int64_t>> epochs(2);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(steps[i].step, static_cast<std::int64_t>(i));
    for (const auto& micro_batch : steps[i].micro_batches) {
      for (const auto& row : micro_batch) epochs[i / 3].push_back(row.preferred.front());
    }
  }
  EXPECT_NE(epochs[0], epochs[1]);
  for (auto& epoch : epochs) {
    std::ranges::sort(epoch);
    EXPECT_THAT(epoch, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  }
}

TEST(SupervisedLoop, TheLastMiniBatchOfAnEpochTakesWhatIsLeft) {
  const auto steps = SimulatedRun(two_epochs).steps();
  EXPECT_EQ(steps[0].pairs, 4);
  EXPECT_EQ(steps[0].micro_batches.size(), 2u);
  EXPECT_EQ(steps[2].pairs, 2);
  EXPECT_EQ(steps[2].micro_batches.size(), 1u);
}

TEST(SupervisedLoop, IterationsCountOptimizerStepsInsteadOfEpochs) {
  auto config = two_epochs;
  config.iterations = 5;
  EXPECT_EQ(SimulatedRun(config).steps().size(), 5u);
  EXPECT_EQ(training_steps(config, 10), 5);
  EXPECT_EQ(training_steps(two_epochs, 10), 6);
}

TEST(SupervisedLoop, AStepsFiguresAreSummedOverMicroBatchesOfAllReplicas) {
  const auto shown = SimulatedRun(two_epochs).shown;
  const auto& [step, figures] = shown.front();
  EXPECT_EQ(step, 0);
  EXPECT_THAT(figures.at("train/loss"), DoubleEq(0.5));
  EXPECT_THAT(figures.at("train/lr"), DoubleEq(0.1));
  EXPECT_THAT(figures.at("train/epoch"), DoubleEq(1.0 / 3.0));
}

TEST(SupervisedLoop, EvaluatesAfterEveryNthStepAndAtTheEndOnce) {
  auto config = two_epochs;
  config.evaluate_every = 2;
  std::vector<std::string> order;
  for (const auto& [step, figures] : SimulatedRun(config).shown) {
    order.push_back((figures.contains("eval/loss") ? "eval " : "train ") + std::to_string(step));
  }
  EXPECT_THAT(order, ElementsAre("train 0", "train 1", "eval 1", "train 2", "train 3", "eval 3", "train 4", "train 5",
                                 "eval 5"));
}

TEST(SupervisedLoop, EvaluationIsDealtToTheReplicasAndSummedByRow) {
  SimulatedRun run(two_epochs);
  EXPECT_THAT(run.shown.back().second.at("eval/loss"), DoubleEq(4.5));
  EXPECT_THAT(run.shown.back().second.at("eval/reward_mean"), DoubleEq(2.25));
  std::vector<std::size_t> evaluated;
  for (const int rank : {0, 1, 2, 3}) {
    evaluated.push_back(std::ranges::count_if(run.ranks.history(rank), [](const Command& command) {
      return std::holds_alternative<EvaluatePairs>(command.body);
    }));
  }
  EXPECT_THAT(evaluated, ElementsAre(3u, 3u, 2u, 2u));  // micro-batches of two rows, dealt in turn
}

TEST(SupervisedLoop, ABudgetCutsStepsAndEvaluationByTokens) {  // every pair has four tokens
  auto config = two_epochs;
  config.batch.tokens_per_micro_batch = 8;
  SimulatedRun run(config);
  const auto steps = run.steps();
  EXPECT_THAT(steps[0].micro_batches, ElementsAre(SizeIs(2), SizeIs(2)));
  EXPECT_THAT(steps[2].micro_batches, ElementsAre(SizeIs(1), SizeIs(1)));  // as many as gradient lanes
  std::multiset<std::int64_t> evaluated;
  for (const int rank : {0, 2}) {  // the first shard of each replica
    for (const auto& command : run.ranks.history(rank)) {
      if (const auto* evaluate = std::get_if<EvaluatePairs>(&command.body)) {
        EXPECT_LE(evaluate->rows.size(), 2u);
        evaluated.insert(evaluate->row_ids.begin(), evaluate->row_ids.end());
      }
    }
  }
  EXPECT_THAT(evaluated, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST(SupervisedLoop, TheJournalSaysHowEvenlyAStepIsSpread) {
  SimulatedRun run(two_epochs);  // 4 pairs in 2 micro-batches; at the end of an epoch 2 in one
  std::ifstream journal(run.folder / "journal.jsonl");
  std::vector<double> imbalance;
  for (std::string line; std::getline(journal, line);) {
    const auto record = nlohmann::json::parse(line);
    if (record.contains("imbalance/reward")) imbalance.push_back(record["imbalance/reward"]);
  }
  EXPECT_THAT(imbalance, ElementsAre(1.0, 1.0, 2.0, 1.0, 1.0, 2.0));
}

TEST(SupervisedLoop,
     EveryRankTakesPartInSavingTheModelUnderItsRole) {  // in a folder that is renamed when it is complete
  SimulatedRun run(two_epochs);
  for (const int rank : {0, 1, 2, 3}) {
    const auto& last = run.ranks.history(rank).back();
    ASSERT_TRUE(std::holds_alternative<Save>(last.body));
    EXPECT_EQ(std::get<Save>(last.body).folder, (run.folder / ".models.partial" / "reward").string());
  }
}

}  // namespace
}  // namespace ballast
