#include "orchestrator/schedule.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

Command step(int micro_batch, Role role) {
  return {
      .micro_batch = micro_batch, .ranks = {0}, .body = Score{.role = role, .key = {1, micro_batch}, .row_ids = {}}};
}

std::vector<std::string> descriptions(const std::vector<Command>& commands) {
  std::vector<std::string> result;
  for (const auto& command : commands) result.push_back(describe(command));
  return result;
}

TEST(Schedule, OrdersMicroBatchFirstWithinASegment) {
  Schedule schedule;
  for (const Role role : {Role::Reference, Role::Reward}) {
    for (int m = 0; m < 2; ++m) schedule.record(step(m, role));
  }
  const auto commands = descriptions(schedule.take());
  const std::vector<std::string> expected{
      "Score reference #1 (iteration 0, micro-batch 0)", "Score reward #2 (iteration 0, micro-batch 0)",
      "Score reference #3 (iteration 0, micro-batch 1)", "Score reward #4 (iteration 0, micro-batch 1)"};
  EXPECT_EQ(commands, expected);
}

TEST(Schedule, NeverMovesAStepAcrossAWholeBatchStep) {
  Schedule schedule;
  schedule.record(step(1, Role::Reward));
  schedule.record({.ranks = {0}, .body = Learn{.role = Role::Actor}});
  schedule.record(step(0, Role::Reward));
  const auto commands = schedule.take();
  EXPECT_EQ(commands[0].micro_batch, 1);
  EXPECT_TRUE(std::holds_alternative<Learn>(commands[1].body));
  EXPECT_EQ(commands[2].micro_batch, 0);
}

TEST(Schedule, NumbersGoOnFromOneBatchToTheNext) {
  Schedule schedule;
  schedule.record(step(0, Role::Reward));
  EXPECT_EQ(schedule.take().back().number, 1u);
  EXPECT_TRUE(schedule.empty());
  schedule.record(step(0, Role::Reward));
  EXPECT_EQ(schedule.take().back().number, 2u);
}

}  // namespace
}  // namespace ballast
