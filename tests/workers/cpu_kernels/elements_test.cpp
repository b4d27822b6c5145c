#include "workers/cpu_kernels/elements.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ballast::cpu {
namespace {

float through_bfloat16(float value) {
  Bfloat16 narrow[lane_count];
  Lanes lanes = Lanes{} + value;
  store(narrow, lanes);
  load(lanes, narrow);
  return lanes[0];
}

TEST(Bfloat16Lanes, RoundToTheNearestAndTiesToEven) {
  EXPECT_EQ(through_bfloat16(1.0F), 1.0F);
  EXPECT_EQ(through_bfloat16(1.0F + 0x1p-9F), 1.0F);                // below the middle of 1 and 1 + 2^-7
  EXPECT_EQ(through_bfloat16(1.0F + 0x1p-8F), 1.0F);                // the middle: 1 is even
  EXPECT_EQ(through_bfloat16(1.0F + 3 * 0x1p-8F), 1.0F + 0x1p-6F);  // the middle: the upper one is even
  EXPECT_EQ(through_bfloat16(-1.0F - 0x1.1p-8F), -1.0F - 0x1p-7F);
}

TEST(Bfloat16Lanes, KeepWhatIsNotFinite) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(through_bfloat16(infinity), infinity);
  EXPECT_EQ(through_bfloat16(-infinity), -infinity);
  EXPECT_TRUE(std::isnan(through_bfloat16(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_TRUE(std::isnan(through_bfloat16(-std::numeric_limits<float>::signaling_NaN())));
  EXPECT_EQ(through_bfloat16(std::numeric_limits<float>::max()), infinity);
}

TEST(Lanes, OfARowsEndKeepWhatFollowsIt) {
  float row[lane_count] = {};
  for (std::int64_t i = 0; i < lane_count; ++i) row[i] = static_cast<float>(i);
  Lanes lanes;
  load_some(lanes, row, 5, -1.0F);
  for (std::int64_t i = 0; i < lane_count; ++i) EXPECT_EQ(lanes[i], i < 5 ? static_cast<float>(i) : -1.0F);
  lanes += 100.0F;
  store_some(row, lanes, 3);
  for (std::int64_t i = 0; i < lane_count; ++i) EXPECT_EQ(row[i], static_cast<float>(i < 3 ? i + 100 : i));
}

TEST(Lanes, OfSixteenRowsAreTransposed) {
  Lanes x[lane_count];
  for (std::int64_t i = 0; i < lane_count; ++i)
    for (std::int64_t j = 0; j < lane_count; ++j) x[i][j] = static_cast<float>(100 * i + j);
  transpose(x);
  for (std::int64_t i = 0; i < lane_count; ++i)
    for (std::int64_t j = 0; j < lane_count; ++j) ASSERT_EQ(x[i][j], static_cast<float>(100 * j + i));
}

}  // namespace
}  // namespace ballast::cpu
