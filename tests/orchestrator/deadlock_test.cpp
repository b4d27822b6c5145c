// The argument of docs/architecture.md, 'Why it cannot deadlock', by trial: random graphs on random layouts of roles
// run to their end whatever the interleaving, and queues that break the rules do not.
#include <gtest/gtest.h>

#include <set>

#include "orchestrator/legs.h"
#include "orchestrator/schedule.h"
#include "tests/orchestrator/random_layouts.h"
#include "tests/orchestrator/simulated_ranks.h"

namespace ballast {
namespace {

constexpr int draws = 300;

// Draws commands for roles with random layouts, which share ranks as they like; the reference is always one model on
// ranks 0 and 1.
class RandomGraph {
 public:
  explicit RandomGraph(std::uint64_t seed) : random_(seed, 2, 8), placement_(random_.placement()) {
    placement_[Role::Reference] = Layout({0, 1}, 2);
  }

  int pick(int end) { return random_.pick(end); }
  std::vector<int> all() const { return random_.all(); }
  const Placement& placement() const { return placement_; }

  void record_into(Schedule& schedule) {
    const int micro_batches = 1 + pick(5);
    const int steps = 1 + pick(6);
    ++batch_;
    for (int step = 0; step < steps; ++step) {
      for (int m = 0; m < micro_batches; ++m) schedule.record(pipelined(m));
      if (pick(3) == 0) schedule.record(learn());
    }
    schedule.record({.ranks = all(), .body = Free{batch_}});
  }

  // Commands on which ranks 0 and 1 wait for each other: legs both ways, and the shards' collectives.
  Command meeting() {
    if (pick(2) == 0) return {.ranks = {0, 1}, .body = Score{.role = Role::Reference}};
    return {.ranks = {0, 1}, .body = Transfer{.legs = {{Field::Cost, 0, 1}, {Field::Reward, 1, 0}}}};
  }

 private:
  Role role() { return role_names[pick(static_cast<int>(role_names.size()))].first; }
  std::vector<int> ranks_of(Role role, int m) const {
    const auto& layout = placement_.at(role);
    return layout.replica(m % layout.replicas());
  }

  Command pipelined(int m) {
    const int kind = pick(4);
    if (kind == 0) return {.micro_batch = m, .ranks = ranks_of(Role::Actor, m), .body = Generate{.key = {batch_, m}}};
    if (kind == 1) {
      const auto scorer = role();
      return {.micro_batch = m, .ranks = ranks_of(scorer, m), .body = Score{.role = scorer, .key = {batch_, m}}};
    }
    return transfer(m, kind == 2 ? random_legs() : derived_legs(m));
  }

  Command transfer(int m, std::vector<Leg> legs) const {
    std::set<int> ranks;
    for (const auto& leg : legs) ranks.insert({leg.from, leg.to});
    return {.micro_batch = m,
            .ranks = {ranks.begin(), ranks.end()},
            .body = Transfer{.key = {batch_, m}, .legs = std::move(legs)}};
  }

  // Some of them to oneself.
  std::vector<Leg> random_legs() {
    const int world = random_.world();
    std::vector<Leg> legs(static_cast<std::size_t>(1 + pick(6)));
    for (auto& leg : legs) leg = {Field::Tokens, pick(world), pick(world)};
    return legs;
  }

  // There and back between two roles.
  std::vector<Leg> derived_legs(int m) {
    const auto here = ranks_of(role(), m);
    const auto there = ranks_of(role(), m);
    return derive_legs({{{Field::Tokens}, here, there}, {{Field::Reward}, there, here}}, random_.hosts());
  }

  Command learn() {
    const auto learner = role();
    return {.ranks = placement_.at(learner).ranks(), .body = Learn{.role = learner}};
  }

  RandomLayouts random_;
  Placement placement_;
  std::uint64_t batch_ = 0;
};

// Takes events until nothing moves any more.
std::size_t drain(SimulatedRanks& ranks, std::size_t at_most = SIZE_MAX) {
  std::size_t taken = 0;
  while (taken < at_most && ranks.next({})) ++taken;
  return taken;
}

TEST(Deadlock, RandomGraphsOnRandomLayoutsRunToTheirEnd) {
  for (int seed = 0; seed < draws; ++seed) {
    RandomGraph graph(seed);
    SimulatedRanks ranks(seed, {}, graph.placement());
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
    SimulatedRanks ranks(seed, {}, graph.placement());
    Schedule schedule;
    graph.record_into(schedule);
    schedule.record(graph.meeting());
    schedule.record(graph.meeting());
    const auto commands = schedule.take();
    ranks.append(commands);
    ranks.swap_in_queue(graph.pick(2), commands.back().number - 1, commands.back().number);
    drain(ranks);
    ASSERT_TRUE(ranks.deadlocked()) << "seed " << seed;
  }
}

TEST(Deadlock, ACommandThatLeavesOutAShardIsFoundDeadlocked) {
  for (int seed = 0; seed < draws; ++seed) {
    RandomGraph graph(seed);
    SimulatedRanks ranks(seed, {}, graph.placement());
    Schedule schedule;
    graph.record_into(schedule);
    schedule.record({.ranks = {graph.pick(2)}, .body = Score{.role = Role::Reference}});
    ranks.append(schedule.take());
    drain(ranks);
    ASSERT_TRUE(ranks.deadlocked()) << "seed " << seed;
  }
}

TEST(Deadlock, ACommandAppendedLateOnOneOfItsRanksIsFoundDeadlocked) {
  for (int seed = 0; seed < draws; ++seed) {
    RandomGraph graph(seed);
    SimulatedRanks ranks(seed, {}, graph.placement());
    Schedule schedule;
    schedule.record(graph.meeting());
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
