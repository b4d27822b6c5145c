#include "workers/cpu_kernels/flat.h"

#include <gtest/gtest.h>

#include <vector>

namespace ballast::cpu {
namespace {

// 1e4 squared and its neighbours need more than float32's 24 bits.
TEST(SumOfSquares, IsExactWhereFloat32WouldNotBe) {
  for (const std::int64_t count : {0, 1, 31, 32, 33, 100}) {
    std::vector<float> x(count, 1.0F);
    if (count > 0) x[0] = 1e4F;
    EXPECT_EQ(sum_of_squares(x.data(), count), count > 0 ? 1e8 + static_cast<double>(count - 1) : 0.0) << count;
  }
}

TEST(AddBfloat16, AddsEachElementAndNothingBehindTheLast) {
  for (const std::size_t count : {1, 16, 37}) {
    std::vector<float> sum(count + 1, 0.5F);
    const std::vector<Bfloat16> x(count, Bfloat16{0x3F80});  // 1
    add(sum.data(), x.data(), static_cast<std::int64_t>(count));
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(sum[i], 1.5F);
    EXPECT_EQ(sum[count], 0.5F);
  }
}

TEST(AddParts, AddsInTheOrderOfThePartsAndNothingBehindTheLast) {
  for (const std::size_t count : {1, 16, 37}) {
    const std::size_t stride = count + 3;
    std::vector<float> parts(3 * stride, 7.0F);
    for (std::size_t i = 0; i < count; ++i) {
      parts[i] = 1e8F;
      parts[stride + i] = -1e8F;
      parts[2 * stride + i] = 1.0F;  // lost if it came earlier
    }
    std::vector<float> sum(count + 1, 0.5F);
    add_parts(sum.data(), {parts.data(), static_cast<std::int64_t>(stride), 3}, static_cast<std::int64_t>(count));
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(sum[i], 1.0F);
    EXPECT_EQ(sum[count], 0.5F);
  }
}

TEST(AddParts, RoundsBfloat16Once) {
  const std::vector<Bfloat16> parts{{0x4380}, {0x3F80}, {0x3F80}};  // 256, 1, 1: 257 is not one of its numbers
  Bfloat16 sum{0};
  add_parts(&sum, {parts.data(), 1, 3}, 1);
  EXPECT_EQ(sum.bits, 0x4381);  // 258
}

}  // namespace
}  // namespace ballast::cpu
