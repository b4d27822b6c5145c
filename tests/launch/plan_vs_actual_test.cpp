#include "launch/plan_vs_actual.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace ballast {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

RankMemory memory_of(Role role, std::int64_t parameters, std::int64_t activations) {
  MemoryBytes bytes;
  bytes[MemoryClass::Parameters] = parameters;
  bytes[MemoryClass::Activations] = activations;
  return {.roles = {{role, {.bytes = bytes}}}, .bytes = bytes};
}

PlannedRun planned_run() {
  return {.memory = {{0, memory_of(Role::Actor, 60, 40)}, {1, memory_of(Role::Reward, 50, 50)}},
          .seconds = {{"time/iteration", 2.0}, {"time/learn", 1.0}}};
}

Event peaks(std::int64_t parameters, std::int64_t in_all) {
  return {.kind = EventKind::finished, .peak_bytes = {{"parameters", parameters}, {"in_all", in_all}}};
}

TEST(PlanVsActual, ComparesPeaksByRankAndClass) {
  PlanVsActual plan(planned_run());
  plan.take_in(0, peaks(50, 70));
  plan.take_in(0, peaks(60, 104));
  plan.take_in(0, {.kind = EventKind::finished});
  const auto report = plan.report();
  ASSERT_EQ(report["memory"].size(), 1);
  const auto& rank = report["memory"][0];
  EXPECT_EQ(rank["rank"], 0);
  EXPECT_EQ(rank["roles"], nlohmann::json({"actor"}));
  EXPECT_EQ(rank["in_all"], nlohmann::json({{"planned", 100}, {"measured", 104}, {"ratio", 1.04}}));
  EXPECT_EQ(rank["classes"]["parameters"]["measured"], 60);
  EXPECT_FALSE(rank["classes"].contains("activations")) << "nobody has measured them";
}

TEST(PlanVsActual, ComparesTheMedianOfTheIterationsAfterTheFirst) {
  PlanVsActual plan(planned_run());
  for (const double seconds : {9.0, 2.2, 2.0, 2.4})
    plan.iteration({{"time/iteration", seconds}, {"time/learn", seconds / 2}, {"train/reward", 1.0}});
  const auto time = plan.report()["time"];
  EXPECT_DOUBLE_EQ(time["iteration"]["measured"], 2.2);
  EXPECT_DOUBLE_EQ(time["iteration"]["ratio"], 1.1);
  EXPECT_DOUBLE_EQ(time["learn"]["measured"], 1.1);
  EXPECT_EQ(time.size(), 2);
}

TEST(PlanVsActual, HasNoTimesWhereNoneWerePlanned) {
  PlanVsActual plan({.memory = planned_run().memory, .seconds = {}});
  plan.iteration({{"time/iteration", 1.0}});
  EXPECT_TRUE(plan.report()["time"].is_null());
}

TEST(PlanVsActual, SpeaksOnlyOfWhatWasOff) {
  PlanVsActual plan(planned_run());
  plan.take_in(0, peaks(60, 104));
  plan.iteration({{"time/iteration", 2.3}, {"time/learn", 9.0}});
  EXPECT_THAT(plan.summary(), IsEmpty());
  plan.take_in(1, peaks(50, 80));
  EXPECT_THAT(plan.summary(), HasSubstr("rank 1 took 0.80 times the memory"));
  PlanVsActual slow(planned_run());
  slow.iteration({{"time/iteration", 5.0}, {"time/learn", 1.0}});
  EXPECT_THAT(slow.summary(), HasSubstr("an iteration took 2.50 times the time"));
}

TEST(PlanVsActual, WritesItsReportIntoTheRunFolder) {
  PlanVsActual plan(planned_run());
  plan.take_in(1, peaks(50, 100));
  const auto folder = std::filesystem::path(::testing::TempDir()) / "plan_vs_actual";
  std::filesystem::create_directories(folder);
  plan.tell(folder);
  std::ifstream file(folder / "plan_vs_actual.json");
  EXPECT_EQ(nlohmann::json::parse(file), plan.report());
  EXPECT_THROW(plan.tell(folder / "missing"), std::runtime_error);
}

}  // namespace
}  // namespace ballast
