// The argument of docs/architecture.md, 'Why it cannot deadlock', by trial: random graphs on random groups of ranks run
// to their end whatever the interleaving, and queues that break the rules do not.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "orchestrator/schedule.h"
#include "tests/orchestrator/simulated_ranks.h"

namespace ballast {
namespace {

constexpr int draws = 300;

// Draws commands on random, overlapping groups of ranks.
class RandomGraph {
 public:
  explicit RandomGraph(std::uint64_t seed) : random_(seed), world_(2 + pick(7)) {}

  int pick(int end) { return static_cast<int>(random_() % static_cast<std::uint64_t>(end)); }

  void record_into(Schedule& schedule) {
    const int micro_batches = 1 + pick(5);
    const int steps = 1 + pick(6);
    ++batch_;
    for (int step = 0; step < steps; ++step) {
      for (int m = 0; m < micro_batches; ++m) schedule.record(pipelined(m));
      if (pick(3) == 0) schedule.record(collective());
    }
    schedule.record({.ranks = all(), .body = Free{batch_}});
  }

  // Transfers with legs both ways between two ranks, and collectives: commands on which both ranks wait for each other.
  Command meeting(int first, int second) {
    if (pick(2) == 0) return {.ranks = {first, second}, .body = Learn{}};
    return {.ranks = {first, second},
            .body = Transfer{.legs = {{Field::Cost, first, second}, {Field::Reward, second, first}}}};
  }

  std::vector<int> all() const {
    std::vector<int> ranks(world_);
    for (int i = 0; i < world_; ++i) ranks[i] = i;
    return ranks;
  }

 private:
  Command pipelined(int m) {
    if (pick(2) == 0) return {.micro_batch = m, .ranks = {pick(world_)}, .body = Generate{.key = {batch_, m}}};
    Transfer transfer{.key = {batch_, m}};
    std::set<int> ranks;
    for (int leg = 0; leg < 1 + pick(6); ++leg) {
      transfer.legs.push_back({Field::Tokens, pick(world_), pick(world_)});  // some of them to oneself
      ranks.insert({transfer.legs.back().from, transfer.legs.back().to});
    }
    return {.micro_batch = m, .ranks = {ranks.begin(), ranks.end()}, .body = transfer};
  }

  Command collective() {
    auto ranks = all();
    std::ranges::shuffle(ranks, random_);
    ranks.resize(1 + pick(world_));
    return {.ranks = ranks, .body = Learn{}};
  }

  std::mt19937_64 random_;
  int world_;
  std::uint64_t batch_ = 0;
};

// Takes events until nothing moves any more.
std::size_t drain(SimulatedRanks& ranks, std::size_t at_most = SIZE_MAX) {
  std::size_t taken = 0;
  while (taken < at_most && ranks.next({})) ++taken;
  return taken;
}

TEST(Deadlock, RandomGraphsOnRandomGroupsRunToTheirEnd) {
  for (int seed = 0; seed < draws; ++seed) {
    RandomGraph graph(seed);
    SimulatedRanks ranks(seed);
    Schedule schedule;
    std::size_t commands = 0;
    for (int iteration = 0; iteration < 4; ++iteration) {
      graph.record_into(schedule);
      const auto batch = schedule.take();
      for (const auto& command : batch) commands += command.ranks.size();
      ranks.append(batch);
      if (graph.pick(2) == 0) drain(ranks, graph.pick(20));  // the orchestrator waits for something
    }
    drain(ranks);
    ASSERT_FALSE(ranks.deadlocked()) << "seed " << seed;
    std::size_t given = 0;
    for (const int rank : graph.all()) given += ranks.history(rank).size();
    ASSERT_EQ(given, commands) << "seed " << seed;
    ASSERT_LE(ranks.most_batches_held(), 1u) << "a rank's store is not bounded, seed " << seed;
  }
}

TEST(Deadlock, AnotherOrderOnOneRankIsFoundDeadlocked) {
  for (int seed = 0; seed < draws; ++seed) {
    RandomGraph graph(seed);
    SimulatedRanks ranks(seed);
    Schedule schedule;
    graph.record_into(schedule);
    schedule.record(graph.meeting(0, 1));
    schedule.record(graph.meeting(0, 1));
    const auto commands = schedule.take();
    ranks.append(commands);
    ranks.swap_in_queue(graph.pick(2), commands.back().number - 1, commands.back().number);
    drain(ranks);
    ASSERT_TRUE(ranks.deadlocked()) << "seed " << seed;
  }
}

TEST(Deadlock, ACommandAppendedLateOnOneOfItsRanksIsFoundDeadlocked) {
  for (int seed = 0; seed < draws; ++seed) {
    RandomGraph graph(seed);
    SimulatedRanks ranks(seed);
    Schedule schedule;
    schedule.record(graph.meeting(0, 1));
    graph.record_into(schedule);
    const auto commands = schedule.take();
    const int late = graph.pick(2);
    ranks.withhold(late, commands.front().number);
    ranks.append(commands);
    // The orchestrator would append the rest once it hears of a later command of the other rank: it never does.
    const auto waits_for = [&](const RankEvent& event) {
      return event.rank != late && event.event.kind == EventKind::finished;
    };
    bool heard = false;
    while (const auto next = ranks.next({}))
      heard = heard || (std::get<RankEvent>(*next).rank < 2 && waits_for(std::get<RankEvent>(*next)));
    ASSERT_FALSE(heard) << "seed " << seed;
    ASSERT_TRUE(ranks.deadlocked()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace ballast
