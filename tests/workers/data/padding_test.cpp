#include "workers/data/padding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using ::testing::ElementsAre;

const std::vector<TokenIds> rows{{1, 2, 3}, {4}, {}};

TEST(Padding, FillsOnTheSideThatWasAskedFor) {
  EXPECT_THAT(pad_rows(rows, 0, PadSide::Right).values, ElementsAre(1, 2, 3, 4, 0, 0, 0, 0, 0));
  EXPECT_THAT(pad_rows(rows, 0, PadSide::Left).values, ElementsAre(1, 2, 3, 0, 0, 4, 0, 0, 0));
}

TEST(Padding, KeepsTheLengthsOfTheRows) {
  const auto padded = pad_rows(rows, 0, PadSide::Right);
  EXPECT_EQ(padded.B, 3);
  EXPECT_EQ(padded.L, 3);
  EXPECT_THAT(padded.lengths, ElementsAre(3, 1, 0));
}

TEST(Padding, OfNoRowsIsEmpty) { EXPECT_TRUE(pad_rows({}, 0, PadSide::Left).values.empty()); }

}  // namespace
}  // namespace ballast
