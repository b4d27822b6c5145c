#include "comm/reduction.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace ballast {
namespace {

float from_bits(std::uint32_t bits) { return std::bit_cast<float>(bits); }

TEST(Bfloat16, KeepsEveryValueThatItCanHold) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const float value = bfloat16_to_float(static_cast<std::uint16_t>(bits));
    if (std::isnan(value)) continue;
    EXPECT_EQ(float_to_bfloat16(value), bits);
  }
}

TEST(Bfloat16, RoundsToNearestAndTiesToEven) {
  EXPECT_EQ(float_to_bfloat16(from_bits(0x3F807FFF)), 0x3F80);  // just below the middle
  EXPECT_EQ(float_to_bfloat16(from_bits(0x3F808000)), 0x3F80);  // the middle, even below
  EXPECT_EQ(float_to_bfloat16(from_bits(0x3F808001)), 0x3F81);  // just above
  EXPECT_EQ(float_to_bfloat16(from_bits(0x3F818000)), 0x3F82);  // the middle, even above
  EXPECT_EQ(float_to_bfloat16(from_bits(0xBF818000)), 0xBF82);  // symmetric
  EXPECT_EQ(float_to_bfloat16(from_bits(0x00008000)), 0x0000);  // subnormal, the middle
  EXPECT_EQ(float_to_bfloat16(from_bits(0x00018000)), 0x0002);
}

TEST(Bfloat16, RoundsWhatIsTooLargeToInfinity) {
  EXPECT_EQ(float_to_bfloat16(std::numeric_limits<float>::max()), 0x7F80);
  EXPECT_EQ(float_to_bfloat16(-std::numeric_limits<float>::infinity()), 0xFF80);
}

TEST(Bfloat16, KeepsNaNsAsQuietNaNs) {
  EXPECT_EQ(float_to_bfloat16(from_bits(0x7F800001)), 0x7FC0);  // truncation alone would make it infinite
  EXPECT_EQ(float_to_bfloat16(from_bits(0xFFFFFFFF)), 0xFFFF);  // rounding alone would make it zero
  EXPECT_TRUE(std::isnan(bfloat16_to_float(0x7FC0)));
}

TEST(Reduce, SumsBfloat16InFloat32AndRoundsOnce) {
  // 1 + 3/256: the exact sum lies between 1 + 1/128 and 1 + 2/128, a tie that goes to the even 1 + 2/128.
  const std::array<std::uint16_t, 2> input{float_to_bfloat16(3.0F / 256), float_to_bfloat16(1.0F / 256)};
  std::array<std::uint16_t, 2> inout{float_to_bfloat16(1.0F), float_to_bfloat16(1.0F)};
  reduce(ReduceOp::sum, {input.data(), 2, DType::bfloat16}, {inout.data(), 2, DType::bfloat16});
  EXPECT_EQ(bfloat16_to_float(inout[0]), 1.0F + 2.0F / 128);
  EXPECT_EQ(bfloat16_to_float(inout[1]), 1.0F);
}

TEST(Reduce, TakesTheLargerOfSignedValues) {
  const std::array<std::uint16_t, 2> input{float_to_bfloat16(-2.0F), float_to_bfloat16(3.0F)};
  std::array<std::uint16_t, 2> inout{float_to_bfloat16(-1.0F), float_to_bfloat16(-5.0F)};
  reduce(ReduceOp::max, {input.data(), 2, DType::bfloat16}, {inout.data(), 2, DType::bfloat16});
  EXPECT_EQ(bfloat16_to_float(inout[0]), -1.0F);
  EXPECT_EQ(bfloat16_to_float(inout[1]), 3.0F);
}

TEST(Reduce, SumsInt64BeyondTheRangeOfDoubles) {
  const std::int64_t input = (std::int64_t{1} << 60) + 1;
  std::int64_t inout = 2;
  reduce(ReduceOp::sum, {&input, 1, DType::int64}, {&inout, 1, DType::int64});
  EXPECT_EQ(inout, (std::int64_t{1} << 60) + 3);
}

}  // namespace
}  // namespace ballast
