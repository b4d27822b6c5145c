#include "workers/generation/sampling.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace ballast {
namespace {

constexpr int draws = 20000;

TEST(Uniform, DependsOnEveryPartOfTheKeyAndOnNothingElse) {
  const DrawKey key{.seed = 1, .iteration = 2, .row_id = 3, .position = 4};
  std::set<double> seen{uniform(key)};
  EXPECT_EQ(uniform(key), *seen.begin());
  for (const auto& other : {DrawKey{9, 2, 3, 4}, DrawKey{1, 9, 3, 4}, DrawKey{1, 2, 9, 4}, DrawKey{1, 2, 3, 9}}) {
    EXPECT_TRUE(seen.insert(uniform(other)).second);
  }
}

TEST(Uniform, FillsTheUnitIntervalEvenly) {
  std::vector<int> bins(10);
  for (int i = 0; i < draws; ++i) {
    const double u = uniform({.seed = 7, .iteration = i % 5, .row_id = i / 50, .position = i});
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++bins[static_cast<std::size_t>(u * 10)];
  }
  for (const int count : bins) EXPECT_NEAR(count, draws / 10, 200);  // over four standard deviations
}

}  // namespace
}  // namespace ballast
