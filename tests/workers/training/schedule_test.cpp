#include "workers/training/schedule.h"

#include <gtest/gtest.h>

#include <vector>

namespace ballast {
namespace {

std::vector<double> factors(LrSchedule schedule) {
  std::vector<double> result;
  for (int step = 0; step <= 10; ++step) {
    result.push_back(learning_rate_factor({.schedule = schedule, .warmup_steps = 2, .total_steps = 10}, step));
  }
  return result;
}

void expect_near(const std::vector<double>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-9) << "step " << i;
}

// The lists were printed by transformers 4.57.6: get_scheduler(name, optimizer, 2, 10), base rate 1, ten steps.
TEST(Schedule, CosineEqualsTransformers) {
  expect_near(factors(LrSchedule::Cosine), {0.0, 0.5, 1.0, 0.9619397662556434, 0.8535533905932737, 0.6913417161825449,
                                            0.5, 0.3086582838174551, 0.14644660940672627, 0.03806023374435663, 0.0});
}

TEST(Schedule, LinearEqualsTransformers) {
  expect_near(factors(LrSchedule::Linear), {0.0, 0.5, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0.0});
}

TEST(Schedule, ConstantIgnoresWarmupAndConstantWithWarmupDoesNot) {
  expect_near(factors(LrSchedule::Constant), std::vector<double>(11, 1.0));
  expect_near(factors(LrSchedule::ConstantWithWarmup), {0.0, 0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1});
}

TEST(Schedule, StaysAtZeroPastItsEnd) {
  EXPECT_EQ(learning_rate_factor({.schedule = LrSchedule::Linear, .warmup_steps = 0, .total_steps = 4}, 9), 0.0);
}

}  // namespace
}  // namespace ballast
