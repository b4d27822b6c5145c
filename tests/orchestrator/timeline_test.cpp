#include "orchestrator/timeline.h"

#include <gmock/gmock.h>

#include "orchestrator/clock_offset.h"
#include "orchestrator/phase_times.h"

namespace ballast {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::Pair;

const Placement two_ranks{{Role::Actor, {0}}, {Role::Reward, {1}}, {Role::RewardCritic, {1}}};

Event finished(double begin, double end) {
  return {.kind = EventKind::finished,
          .seconds = end - begin,
          .clock = end,
          .store_bytes = 8,
          .moved = {{"transfer", 4}, {"saving", 1}}};
}

// Name and seconds of each span; fails where there is a gap or an overlap.
std::vector<std::pair<std::string, double>> names_and_seconds(const TimelinePart& part, int rank) {
  std::vector<std::pair<std::string, double>> result;
  double reached = part.begin;
  for (const auto& span : part.ranks.at(rank)) {
    EXPECT_EQ(span.begin, reached) << span.name;
    reached = span.end;
    result.emplace_back(span.name, span.seconds());
  }
  EXPECT_EQ(reached, part.end);
  return result;
}

// Rank 1 comes to the transfer at 1, rank 0 at 4, which is done with it at 5, rank 1 at 6.
Timeline with_a_transfer() {
  Timeline timeline(two_ranks, 0.0);
  const Command transfer{.number = 2, .ranks = {0, 1}, .body = Transfer{.legs = {{Field::Tokens, 0, 1}}}};
  timeline.take_in({.number = 1, .ranks = {0}, .body = Generate{}}, 0, finished(0.0, 4.0));
  timeline.take_in(transfer, 1, finished(1.0, 6.0));
  timeline.take_in({.number = 3, .ranks = {1}, .body = Score{.role = Role::Reward}}, 1, finished(6.0, 8.0));
  timeline.take_in(transfer, 0, finished(4.0, 5.0));
  return timeline;
}

TEST(Timeline, FillsTheTimeOfEachRankWithCommandsWaitsAndIdleTime) {
  auto timeline = with_a_transfer();
  const auto part = timeline.take(10.0);
  EXPECT_THAT(names_and_seconds(part, 0), ElementsAre(Pair("Generate", 4.0), Pair("Transfer", 1.0), Pair("idle", 5.0)));
  EXPECT_THAT(names_and_seconds(part, 1),
              ElementsAre(Pair("idle", 1.0), Pair("wait for peers", 3.0), Pair("Transfer", 2.0),
                          Pair("Score reward", 2.0), Pair("idle", 2.0)));
}

TEST(Timeline, BeginsAPartWhereTheLastOneEnded) {
  auto timeline = with_a_transfer();
  timeline.take(10.0);
  const auto part = timeline.take(12.0);
  EXPECT_THAT(names_and_seconds(part, 0), ElementsAre(Pair("idle", 2.0)));
  EXPECT_EQ(part.store_bytes_peak, 0);
  EXPECT_TRUE(part.moved.empty());
}

TEST(Timeline, SharesACommandThatGoesOnBetweenTwoParts) {
  Timeline timeline(two_ranks, 0.0);
  const Command generate{.number = 1, .ranks = {0}, .body = Generate{}};
  const Command transfer{.number = 2, .ranks = {0, 1}, .body = Transfer{.legs = {{Field::Tokens, 0, 1}}}};
  timeline.take_in_running(generate, 0, 1.0, 4.0);
  timeline.take_in_running(transfer, 1, 3.0, 4.0);
  const auto first = timeline.take(4.0);
  EXPECT_THAT(names_and_seconds(first, 0), ElementsAre(Pair("idle", 1.0), Pair("Generate", 3.0)));
  EXPECT_THAT(names_and_seconds(first, 1), ElementsAre(Pair("idle", 3.0), Pair("Transfer", 1.0)));
  timeline.take_in(generate, 0, finished(1.0, 6.0));
  timeline.take_in(transfer, 0, finished(6.0, 7.0));
  timeline.take_in(transfer, 1, finished(3.0, 7.0));
  const auto second = timeline.take(8.0);
  EXPECT_THAT(names_and_seconds(second, 0),
              ElementsAre(Pair("Generate", 2.0), Pair("Transfer", 1.0), Pair("idle", 1.0)));
  EXPECT_THAT(names_and_seconds(second, 1),
              ElementsAre(Pair("wait for peers", 2.0), Pair("Transfer", 1.0), Pair("idle", 1.0)));
}

TEST(Timeline, KeepsItsOrderWhereAnEstimatedClockIsWrong) {
  Timeline timeline(two_ranks, 0.0);
  timeline.take_in({.number = 1, .ranks = {0}, .body = Generate{}}, 0, finished(-0.5, 2.0));
  timeline.take_in({.number = 2, .ranks = {0}, .body = Generate{}}, 0, finished(1.5, 5.5));
  EXPECT_THAT(names_and_seconds(timeline.take(5.0), 0), ElementsAre(Pair("Generate", 2.0), Pair("Generate", 3.0)));
}

TEST(PhaseTimes, AreTheBusiestRanksTheSharesOfAllRanksAndTheBytesOfEveryKind) {
  auto timeline = with_a_transfer();
  const auto figures = phase_times(timeline.take(10.0), two_ranks);
  const std::map<std::string, double> expected{
      {"time/iteration", 10.0},  {"time/generate", 4.0},   {"time/score", 2.0},         {"time/experience", 0.0},
      {"time/learn", 0.0},       {"time/transfer", 2.0},   {"share/generate", 0.2},     {"share/score", 0.1},
      {"share/experience", 0.0}, {"share/learn", 0.0},     {"share/transfer", 0.15},    {"share/idle", 0.55},
      {"idle/actor", 0.5},       {"idle/reward", 0.6},     {"idle/reward_critic", 0.6}, {"store_bytes_peak", 8.0},
      {"bytes/transfer", 16.0},  {"bytes/gradients", 0.0}, {"bytes/parameters", 0.0},   {"bytes/tensor_parallel", 0.0},
      {"bytes/generation", 0.0}};
  ASSERT_EQ(figures.size(), expected.size());
  for (const auto& [name, value] : expected) EXPECT_THAT(figures.at(name), DoubleEq(value)) << name;
}

TEST(ClockOffset, IsNoneForARankThatReadsTheSameClock) {
  EXPECT_EQ(clock_offset({.ordered = 5.0, .started = 5.1, .heard = 5.3}), 0.0);
}

TEST(ClockOffset, OfAnotherHostIsTheMiddleOfTheRoundTrip) {
  EXPECT_DOUBLE_EQ(clock_offset({.ordered = 5.0, .started = 100.0, .heard = 5.5}), -94.75);
  EXPECT_DOUBLE_EQ(clock_offset({.ordered = 100.0, .started = 5.0, .heard = 100.5}), 95.25);
}

}  // namespace
}  // namespace ballast
