#include "orchestrator/simulated_queues.h"

#include <gmock/gmock.h>

#include "orchestrator/shared_processors.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

Command on(std::uint64_t number, std::vector<int> ranks, CommandBody body) {
  return {.number = number, .ranks = std::move(ranks), .body = std::move(body)};
}

// Generate takes 4 s, Score 3 s, Learn 1 s more on each further rank and then 2 s together; Transfer 1 s.
std::vector<StepCost> by_kind(const Command& command) {
  std::vector<StepCost> costs(command.ranks.size());
  for (std::size_t i = 0; i < costs.size(); ++i) {
    if (std::holds_alternative<Generate>(command.body)) costs[i].work_s = 4.0;
    if (std::holds_alternative<Score>(command.body)) costs[i].work_s = 3.0;
    if (std::holds_alternative<Transfer>(command.body)) costs[i].exchange_s = 1.0;
    if (std::holds_alternative<Learn>(command.body)) {
      costs[i] = {.work_s = 1.0 + static_cast<double>(i), .exchange_s = 2.0};
      costs[i].bytes.of(SentFor::Gradients).within = 10.0;
    }
  }
  return costs;
}

SimulatedQueues::World world() {
  return {.costs = by_kind, .answer = [](const Command&) { return Event{}; }, .ranks_of_node = 8, .devices_of_node = 8};
}

// (command, end) of every finished command on the rank.
std::vector<std::pair<std::uint64_t, double>> ends_on(int rank, const std::vector<RankEvent>& events) {
  std::vector<std::pair<std::uint64_t, double>> ends;
  for (const auto& [index, event] : events) {
    if (index == rank && event.kind == EventKind::finished) ends.emplace_back(event.command, event.clock);
  }
  return ends;
}

std::vector<RankEvent> next_events(SimulatedQueues& queues, std::size_t count) {
  std::vector<RankEvent> events;
  while (events.size() < count) events.push_back(std::get<RankEvent>(*queues.next({})));
  return events;
}

const Transfer from_0_to_1{.legs = {{Field::Tokens, 0, 1}}};

// Generate 0 and 1 on rank 0, each sent to rank 1 and scored there.
std::vector<Command> pipeline() {
  return {on(1, {0}, Generate{}), on(2, {0, 1}, from_0_to_1), on(3, {1}, Score{}),
          on(4, {0}, Generate{}), on(5, {0, 1}, from_0_to_1), on(6, {1}, Score{})};
}

TEST(SimulatedQueues, APipelineOverlapsAsByHand) {
  SimulatedQueues queues(world());
  queues.append(pipeline());
  const auto events = next_events(queues, 16);
  EXPECT_THAT(ends_on(0, events), ElementsAre(Pair(1, 4.0), Pair(2, 5.0), Pair(4, 9.0), Pair(5, 10.0)));
  EXPECT_THAT(ends_on(1, events), ElementsAre(Pair(2, 5.0), Pair(3, 8.0), Pair(5, 10.0), Pair(6, 13.0)));
}

TEST(SimulatedQueues, EventsComeInTheOrderOfTimeAndMoveTheClock) {
  SimulatedQueues queues(world());
  queues.append(pipeline());
  double before = 0.0;
  for (const auto& [rank, event] : next_events(queues, 16)) {
    EXPECT_GE(event.clock, before);
    before = event.clock;
  }
  EXPECT_EQ(queues.now(), 13.0);
}

TEST(SimulatedQueues, ACollectiveEndsTogetherAfterItsSlowestRank) {
  SimulatedQueues queues(world());
  queues.append({on(1, {2}, Score{}), on(2, {0, 1, 2}, Learn{})});
  const auto events = next_events(queues, 8);
  EXPECT_THAT(ends_on(0, events), ElementsAre(Pair(2, 8.0)));
  EXPECT_THAT(ends_on(2, events), ElementsAre(Pair(1, 3.0), Pair(2, 8.0)));
  EXPECT_EQ(queues.bytes().of(SentFor::Gradients).within, 30.0);
}

TEST(SimulatedQueues, InATransferARankWaitsForTheOtherEndsOfItsOwnLegsAlone) {
  SimulatedQueues queues(world());
  const Transfer star{.legs = {{Field::Tokens, 0, 1}, {Field::Tokens, 0, 2}}};
  queues.append({on(1, {2}, Score{}), on(2, {0, 1, 2}, star)});
  const auto events = next_events(queues, 8);
  EXPECT_THAT(ends_on(1, events), ElementsAre(Pair(2, 1.0)));
  EXPECT_THAT(ends_on(0, events), ElementsAre(Pair(2, 4.0)));
  EXPECT_THAT(ends_on(2, events), ElementsAre(Pair(1, 3.0), Pair(2, 4.0)));
}

TEST(SimulatedQueues, ARankFreesMemoryWithoutTheOthers) {
  SimulatedQueues queues(world());
  queues.append({on(1, {0}, Score{}), on(2, {0, 1}, Free{})});
  const auto events = next_events(queues, 6);
  EXPECT_THAT(ends_on(1, events), ElementsAre(Pair(2, 0.0)));
  EXPECT_THAT(ends_on(0, events), ElementsAre(Pair(1, 3.0), Pair(2, 3.0)));
}

TEST(SimulatedQueues, RanksBeginWhatIsOrderedOnlyOnceTheOrderIsThere) {
  auto late = world();
  late.message_s = 0.5;
  late.control_latency_s = 0.25;
  SimulatedQueues queues(late);
  queues.append({on(1, {0}, Score{}), on(2, {1}, Score{})});
  const auto events = next_events(queues, 4);
  EXPECT_THAT(ends_on(0, events), ElementsAre(Pair(1, 0.5 + 0.25 + 3.0)));
  EXPECT_THAT(ends_on(1, events), ElementsAre(Pair(2, 1.0 + 0.25 + 3.0)));
  EXPECT_DOUBLE_EQ(queues.orchestrator_busy_s(), 6 * 0.5) << "two orders, four events";
  EXPECT_DOUBLE_EQ(queues.now(), 4.25 + 0.25 + 0.5);
}

TEST(SimulatedQueues, TheCriticalPathNamesTheStepsThatWaitedForOneAnother) {
  SimulatedQueues queues(world());
  queues.append(pipeline());
  next_events(queues, 16);
  std::vector<std::uint64_t> numbers;
  for (const auto& step : critical_path(queues.steps(), 0.0, 13.0)) numbers.push_back(step.command->number);
  EXPECT_THAT(numbers, ElementsAre(1, 2, 4, 5, 6));
}

TEST(SimulatedQueues, TheCriticalPathGoesOnThroughTheOrchestratorsWait) {
  SimulatedQueues queues(world());
  queues.append({on(1, {0}, Generate{})});
  next_events(queues, 2);
  queues.append({on(2, {1}, Score{})});  // ordered because command 1 has ended
  next_events(queues, 2);
  const auto path = critical_path(queues.steps(), 0.0, 7.0);
  ASSERT_EQ(path.size(), 2U);
  EXPECT_EQ(path[0].command->number, 1U);
  EXPECT_EQ(path[1].end, 7.0);
}

TEST(SimulatedQueues, RanksThatShareADeviceSlowEachOtherDown) {
  auto crowded = world();
  crowded.ranks_of_node = 3;
  crowded.devices_of_node = 1;
  SimulatedQueues queues(crowded);
  queues.append({on(1, {0}, Score{}), on(2, {1}, Generate{})});
  const auto events = next_events(queues, 4);
  EXPECT_THAT(ends_on(0, events), ElementsAre(Pair(1, 6.0))) << "half of the device until then";
  EXPECT_THAT(ends_on(1, events), ElementsAre(Pair(2, 7.0)));
}

TEST(SimulatedQueues, RanksThatWaitForOneAnotherAreFound) {
  SimulatedQueues queues(world());
  queues.append({on(1, {0}, Score{})});
  next_events(queues, 2);
  EXPECT_THROW(queues.next({}), std::logic_error);
}

TEST(SharedProcessors, GiveEachRankItsShare) {
  SharedProcessors processors(2);
  processors.begin(0, 2.0, 0.0);
  processors.begin(1, 3.0, 0.0);
  processors.begin(2, 4.0, 1.0);  // three on two from now on
  EXPECT_DOUBLE_EQ(processors.next_end(), 1.0 + 1.0 * 1.5);
  EXPECT_EQ(processors.end_next(), 0);
  EXPECT_DOUBLE_EQ(processors.next_end(), 2.5 + 1.0);
  EXPECT_EQ(processors.end_next(), 1);
  EXPECT_EQ(processors.end_next(), 2);
  EXPECT_TRUE(processors.idle());
}

}  // namespace
}  // namespace ballast
