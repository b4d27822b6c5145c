// What the ranks' queues look like in one iteration of the main job: the loop and handles of a real run over simulated
// ranks.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>

#include "orchestrator/train_loop.h"
#include "tests/orchestrator/random_layouts.h"
#include "tests/orchestrator/simulated_ranks.h"

namespace ballast {
namespace {

const Placement one_rank_each{{Role::Actor, {0}}, {Role::Reference, {1}},    {Role::Reward, {2}},
                              {Role::Cost, {3}},  {Role::RewardCritic, {4}}, {Role::CostCritic, {5}}};

// Answers with plausible figures: every response has `length` tokens, every row costs 1.
Event plausible(const Command& command, int /*rank*/) {
  Event event;
  const auto rows = [&](const std::vector<std::int64_t>& ids, std::initializer_list<const char*> names) {
    event.rows.ids = ids;
    for (const auto* name : names) event.rows.values[name] = std::vector<double>(ids.size(), 1.0);
  };
  if (const auto* generate = std::get_if<Generate>(&command.body))
    rows(generate->row_ids, {"generated_length", "truncated"});
  if (const auto* score = std::get_if<Score>(&command.body)) {
    if (score->role == Role::Cost) rows(score->row_ids, {"cost"});
    if (score->role == Role::Actor) {
      rows(score->row_ids,
           {"generated_length", "importance_weight", "max_importance_weight", "importance_truncated_share"});
    }
  }
  if (const auto* build = std::get_if<BuildExperience>(&command.body)) {
    rows(build->row_ids, {"reward", "reward_with_kl_penalty", "reward_advantage", "reward_return", "kl_divergence",
                          "cost", "cost_with_kl_penalty", "cost_advantage", "cost_return"});
  }
  return event;
}

struct SimulatedRun {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / "ballast_queue_order_test";
  Placement placement;
  SimulatedRanks ranks{1, plausible, placement};
  std::vector<StepMetrics> iterations;

  explicit SimulatedRun(
      const LoopConfig& config, Placement placement_in = one_rank_each,
      std::function<bool()> stop_requested = [] { return false; })
      : placement(std::move(placement_in)) {
    std::filesystem::create_directories(folder);
    CommandStream stream(ranks, {placement, std::vector<std::string>(12, "host")}, {.command_timeout_s = 0.2});
    Metrics metrics;
    stream.add_listener([&](const Command& command, int, const Event& event) { metrics.take_in(command, event); });
    Journal journal(folder);
    const auto prompts = random_prompts({}, config.batch, 1);
    CastHandles roles(placement, stream, metrics, config.cast_options());
    roles.load(training_steps(config));
    RunRecord record(stream, metrics, journal,
                     {.on_iteration = [&](auto, const StepMetrics& mean) { iterations.push_back(mean); },
                      .on_evaluation = [](auto, const auto&) {},
                      .on_sample = [](const auto&) {}});
    Checkpoints checkpoints([&](const std::string& path) { roles.save(path); }, stream, {}, folder);
    train_ppo_lag(roles, config,
                  {.stream = stream,
                   .metrics = metrics,
                   .record = record,
                   .checkpoints = checkpoints,
                   .prompts = *prompts,
                   .held_out = std::nullopt,
                   .stop_requested = std::move(stop_requested)});
  }
  ~SimulatedRun() { std::filesystem::remove_all(folder); }

  // The rank's queue as names with micro-batches: 'Generate 0'.
  std::vector<std::string> queue(int rank) {
    std::vector<std::string> result;
    for (const auto& command : ranks.history(rank)) {
      auto text = describe(command).substr(0, describe(command).find(' '));
      if (command.micro_batch != Command::whole_batch) text += " " + std::to_string(command.micro_batch);
      result.push_back(text);
    }
    return result;
  }
};

const LoopConfig four_micro_batches{.iterations = 1, .batch = {.rollout = 8, .mini_batch = 4, .micro_batch = 2}};

TEST(QueueOrder, TheActorGeneratesAheadWhileOthersScoreFourMicroBatches) {
  SimulatedRun run(four_micro_batches);
  const std::vector<std::string> expected{"Load",
                                          "Generate 0",
                                          "Transfer 0",
                                          "Generate 1",
                                          "Transfer 1",
                                          "Generate 2",
                                          "Transfer 2",
                                          "Generate 3",
                                          "Transfer 3",  // nothing waits for a score yet
                                          "Transfer 0",
                                          "BuildExperience 0",
                                          "Transfer 0",
                                          "Transfer 1",
                                          "BuildExperience 1",
                                          "Transfer 1",
                                          "Transfer 2",
                                          "BuildExperience 2",
                                          "Transfer 2",
                                          "Transfer 3",
                                          "BuildExperience 3",
                                          "Transfer 3",
                                          "Learn",
                                          "Learn",
                                          "Free",
                                          "Save"};
  EXPECT_EQ(run.queue(0), expected);
}

TEST(QueueOrder, AFrozenScorerTakesScoresAndReturnsEachMicroBatch) {
  SimulatedRun run(four_micro_batches);
  const std::vector<std::string> expected{"Load",       "Transfer 0", "Score 0",    "Transfer 1", "Score 1",
                                          "Transfer 2", "Score 2",    "Transfer 3", "Score 3",    "Transfer 0",
                                          "Transfer 1", "Transfer 2", "Transfer 3", "Free"};
  EXPECT_EQ(run.queue(1), expected);
}

TEST(QueueOrder, MemoryStaysBoundedOverManyIterations) {
  auto config = four_micro_batches;
  config.iterations = 10;
  SimulatedRun run(config);
  EXPECT_LE(run.ranks.most_batches_held(), 2u);
  EXPECT_FALSE(run.ranks.deadlocked());
}

TEST(TrainLoop, RunsToItsEndOnRandomLayouts) {
  auto config = four_micro_batches;
  config.iterations = 2;
  for (int seed = 0; seed < 30; ++seed) {
    RandomLayouts random(seed, 1, 12);
    SimulatedRun run(config, random.placement());  // a deadlock would miss the deadline
    ASSERT_EQ(run.iterations.size(), 2u) << "seed " << seed;
    ASSERT_EQ(run.iterations.back().at("train/cost"), 1.0) << "seed " << seed;
  }
}

TEST(QueueOrder, EveryShardTakesItsModelsCommandsAndTransfersGoFromShardToShard) {
  const Placement sharded{{Role::Actor, Layout({0, 1, 2, 3}, 2)},
                          {Role::Reference, Layout({4, 5}, 2)},
                          {Role::Reward, {6}},
                          {Role::Cost, {6}},
                          {Role::RewardCritic, {7}},
                          {Role::CostCritic, {7}}};
  SimulatedRun run(four_micro_batches, sharded);
  const std::vector<std::string> scorer{"Load",       "Transfer 0", "Score 0",    "Transfer 1", "Score 1",
                                        "Transfer 2", "Score 2",    "Transfer 3", "Score 3",    "Transfer 0",
                                        "Transfer 1", "Transfer 2", "Transfer 3", "Free"};
  EXPECT_EQ(run.queue(4), scorer);
  EXPECT_EQ(run.queue(5), scorer);
  EXPECT_EQ(run.queue(0), run.queue(1));
  const auto& first = std::get<Transfer>(run.ranks.history(4)[1].body);
  const auto& second = std::get<Transfer>(run.ranks.history(4)[3].body);
  EXPECT_TRUE(std::ranges::count(first.legs, Leg{Field::Tokens, 0, 4}) == 1);
  EXPECT_TRUE(std::ranges::count(first.legs, Leg{Field::Tokens, 1, 5}) == 1);
  EXPECT_TRUE(std::ranges::count(second.legs, Leg{Field::Tokens, 2, 4}) == 1);  // of the second replica
  EXPECT_TRUE(std::ranges::count(second.legs, Leg{Field::Tokens, 3, 5}) == 1);
}

LoopConfig two_iterations_ahead() {
  auto config = four_micro_batches;
  config.iterations = 2;
  config.one_step_ahead = true;
  return config;
}

TEST(QueueOrder, OneStepAheadTheActorGeneratesTheNextRolloutBeforeItLearns) {
  SimulatedRun run(two_iterations_ahead());
  std::vector<std::string> phases;  // of the actor, each once where it goes on
  for (const auto& command : run.queue(0)) {
    const auto name = command.substr(0, command.find(' '));
    if (name != "Transfer" && (phases.empty() || phases.back() != name)) phases.push_back(name);
  }
  const std::vector<std::string> expected{"Load", "Generate",        "BuildExperience", "Generate", "Score", "Learn",
                                          "Free", "BuildExperience", "Score",           "Learn",    "Free",  "Save"};
  EXPECT_EQ(phases, expected);
}

TEST(QueueOrder, OneStepAheadACriticLearnsWhileTheActorGenerates) {
  SimulatedRun run(two_iterations_ahead());
  const auto queue = run.queue(4);
  const auto learns = std::ranges::find(queue, "Learn");
  ASSERT_NE(learns, queue.end());
  EXPECT_EQ(std::count(queue.begin(), learns, "Score 0"), 1);  // the next rollout comes to it afterwards
  EXPECT_EQ(std::count(learns, queue.end(), "Score 0"), 1);
}

TEST(TrainLoop, OneStepAheadTheStalenessIsOneFromTheSecondIterationOn) {
  SimulatedRun run(two_iterations_ahead());
  ASSERT_EQ(run.iterations.size(), 2u);
  EXPECT_EQ(run.iterations[0].at("staleness"), 0.0);
  EXPECT_EQ(run.iterations[1].at("staleness"), 1.0);
  EXPECT_EQ(run.iterations[1].at("train/importance_weight"), 1.0);
}

TEST(TrainLoop, ARolloutThatWasGeneratedAheadIsDroppedWhenTheRunIsStopped) {
  auto config = two_iterations_ahead();
  config.iterations = 5;
  SimulatedRun run(config, one_rank_each, [iterations = 0]() mutable { return iterations++ == 2; });
  EXPECT_EQ(run.iterations.size(), 2u);
  EXPECT_FALSE(run.ranks.deadlocked());
}

TEST(TrainLoop, ATokenBudgetRegroupsRowsForEveryRoleThatLearns) {
  auto config = four_micro_batches;
  config.batch.tokens_per_micro_batch = 20;
  config.one_step_ahead = true;
  SimulatedRun run(config);
  EXPECT_EQ(run.iterations.at(0).at("imbalance/actor"), 1.0);  // one replica
  for (const int rank : {0, 4, 5}) {
    const auto& history = run.ranks.history(rank);
    const auto is_regroup = [](const Command& command) { return std::holds_alternative<Regroup>(command.body); };
    ASSERT_EQ(std::ranges::count_if(history, is_regroup), 1);
    const auto& regroup = std::get<Regroup>(std::ranges::find_if(history, is_regroup)->body);
    std::vector<int> learned;
    for (const auto& command : history) {
      if (const auto* learn = std::get_if<Learn>(&command.body)) {
        EXPECT_EQ(learn->batch, regroup.into);
        learned.insert(learned.end(), learn->micro_batches.begin(), learn->micro_batches.end());
      }
    }
    EXPECT_EQ(learned.size(), regroup.micro_batches.size());
  }
}

TEST(TrainLoop, LambdaGrowsWhileTheCostIsAboveItsLimit) {
  auto config = four_micro_batches;
  config.iterations = 3;
  SimulatedRun run(config);  // every cost is 1, the limit is 0
  ASSERT_EQ(run.iterations.size(), 3u);
  EXPECT_GT(run.iterations[0].at("train/lambda"), 1.0);
  EXPECT_GT(run.iterations[2].at("train/lambda"), run.iterations[0].at("train/lambda"));
  EXPECT_EQ(run.iterations[0].at("train/episode_cost"), 1.0);
}

}  // namespace
}  // namespace ballast
