#include "launch/bench/timing.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(Timing, TakesTheMiddleOfTheRepetitions) {
  EXPECT_EQ(median_of({3.0, 1.0, 2.0}), 2.0);
  EXPECT_EQ(median_of({4.0, 1.0, 3.0, 2.0}), 2.5);
  EXPECT_EQ((Timing{{3.0, 1.0, 2.0}}).minimum(), 1.0);
}

TEST(Timing, RunsOnceBeforeItCounts) {
  int runs = 0;
  EXPECT_EQ(measure(3, [&] { ++runs; }).seconds.size(), 3U);
  EXPECT_EQ(runs, 4);
}

}  // namespace
}  // namespace ballast
