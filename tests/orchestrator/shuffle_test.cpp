#include "orchestrator/shuffle.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ShuffledOrder, HasEveryIndexOnce) {
  auto order = shuffled_order(1000, 42, 0);
  EXPECT_FALSE(std::ranges::is_sorted(order));
  std::ranges::sort(order);
  for (std::int64_t i = 0; i < 1000; ++i) EXPECT_EQ(order[i], i);
}

TEST(ShuffledOrder, DependsOnSeedAndEpoch) {
  const auto order = shuffled_order(100, 42, 0);
  EXPECT_EQ(shuffled_order(100, 42, 0), order);
  EXPECT_NE(shuffled_order(100, 42, 1), order);
  EXPECT_NE(shuffled_order(100, 43, 0), order);
  EXPECT_NE(shuffled_order(100, 42 + (std::int64_t{1} << 32), 0), order);
}

// Runs can be repeated elsewhere only as long as these stay what they are.
TEST(ShuffledOrder, IsTheSameOnEveryMachine) {
  EXPECT_THAT(shuffled_order(8, 42, 0), ElementsAre(7, 6, 3, 5, 2, 4, 1, 0));
  EXPECT_THAT(shuffled_order(8, 42, 1), ElementsAre(2, 1, 4, 3, 0, 5, 6, 7));
}

TEST(ShuffledOrder, OfNothingIsNothing) { EXPECT_THAT(shuffled_order(0, 42, 0), IsEmpty()); }

}  // namespace
}  // namespace ballast
