#include "orchestrator/trace.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace ballast {
namespace {

const Cast one_actor{.placement = {{Role::Actor, {0}}}, .hosts = {"node07"}};

class TraceFile : public ::testing::Test {
 protected:
  TraceFile() { std::filesystem::create_directories(folder_); }
  ~TraceFile() override { std::filesystem::remove_all(folder_); }

  std::string text() const {
    std::ifstream file(folder_ / "trace.json");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static TimelinePart second_from(double begin) {
    return {
        .begin = begin,
        .end = begin + 1.0,
        .ranks = {{0, {{.name = "Generate", .phase = "generate", .begin = begin, .end = begin + 1.0, .command = 7}}}}};
  }

  const std::filesystem::path folder_ = std::filesystem::temp_directory_path() / "ballast_trace_test";
};

TEST_F(TraceFile, HasATrackForEachRankAndTheOrchestrator) {
  { Trace(folder_ / "trace.json", {}, one_actor).write(3, "iteration", second_from(50.0)); }
  const auto events = nlohmann::json::parse(text());
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(events[0]["args"]["name"], "orchestrator");
  EXPECT_EQ(events[2]["args"]["name"], "rank 0: actor (node07)");
  EXPECT_EQ(events[4]["name"], "iteration 3");
  const nlohmann::json generate{
      {"ph", "X"},         {"pid", 0},  {"tid", 1},   {"name", "Generate"},
      {"cat", "generate"}, {"ts", 0.0}, {"dur", 1e6}, {"args", {{"iteration", 3}, {"command", 7}}}};
  EXPECT_EQ(events[5], generate);
}

TEST_F(TraceFile, LacksOnlyItsBracketWhileTheRunGoesOn) {
  Trace trace(folder_ / "trace.json", {}, one_actor);
  trace.write(0, "iteration", second_from(50.0));
  EXPECT_EQ(nlohmann::json::parse(text() + "]").size(), 6U);
}

TEST_F(TraceFile, StopsGrowingAfterTheIterationsThatAreAskedFor) {
  Trace trace(folder_ / "trace.json", {.iterations = 2}, one_actor);
  trace.write(1, "iteration", second_from(50.0));
  const auto before = text();
  trace.write(2, "iteration", second_from(51.0));
  EXPECT_EQ(text(), before);
}

TEST_F(TraceFile, IsNotThereWithoutIterations) {
  { Trace(folder_ / "trace.json", {.iterations = 0}, one_actor).write(0, "iteration", second_from(50.0)); }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "trace.json"));
}

}  // namespace
}  // namespace ballast
