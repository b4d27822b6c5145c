#include "workers/cpu_kernels/row_kernels.h"

#include <gtest/gtest.h>

#include "tests/workers/cpu_kernels/elements.h"
#include "workers/cpu_kernels/aligned_vector.h"

namespace ballast {
namespace {

template <typename Element>
class RowKernels : public testing::Test {
 protected:
  static constexpr double rounding = std::is_same_v<Element, float> ? 1e-6 : 8e-3;

  // Filled up with zeros to whole lanes.
  static AlignedVector<Element> row(std::int64_t size, std::int64_t seed) {
    const auto elements = some_elements<Element>(size, seed);
    AlignedVector<Element> row(rounded_up(size, lane_count));
    std::copy(elements.begin(), elements.end(), row.begin());
    return row;
  }
  static void expect_near(Element found, double expected) {
    EXPECT_NEAR(widened(found), expected, rounding * (1.0 + std::abs(expected)));
  }
};

using Elements = testing::Types<float, Bfloat16>;
TYPED_TEST_SUITE(RowKernels, Elements);

TYPED_TEST(RowKernels, NormaliseByTheRootMeanSquareAfterAdding) {
  for (const std::int64_t size : {16, 20, 256}) {
    auto stream = this->row(size, 1);
    const auto before = stream;
    const auto update = this->row(size, 2);
    AlignedVector<float> weight(rounded_up(size, lane_count));
    for (std::int64_t i = 0; i < size; ++i) weight[i] = 1.0F + 0.01F * static_cast<float>(i);
    AlignedVector<TypeParam> normed(stream.size());
    add_and_normalise({.stream = stream.data(),
                       .update = update.data(),
                       .weight = weight.data(),
                       .normed = normed.data(),
                       .size = size,
                       .epsilon = 1e-5});
    double squares = 0.0;
    for (std::int64_t i = 0; i < size; ++i) {
      this->expect_near(stream[i], widened(before[i]) + widened(update[i]));
      squares += static_cast<double>(widened(stream[i])) * widened(stream[i]);
    }
    const double root = std::sqrt(squares / static_cast<double>(size) + 1e-5);
    for (std::int64_t i = 0; i < size; ++i) this->expect_near(normed[i], widened(stream[i]) / root * weight[i]);
    for (std::size_t i = size; i < normed.size(); ++i) EXPECT_EQ(widened(normed[i]), 0.0F);
  }
}

TYPED_TEST(RowKernels, NormaliseTheStreamAsItIsWithoutAnUpdate) {
  auto stream = this->row(32, 1);
  const auto before = stream;
  const AlignedVector<float> weight(32, 1.0F);
  AlignedVector<TypeParam> normed(32);
  add_and_normalise({.stream = stream.data(), .weight = weight.data(), .normed = normed.data(), .size = 32});
  for (std::int64_t i = 0; i < 32; ++i) EXPECT_EQ(widened(stream[i]), widened(before[i]));
  EXPECT_GT(std::abs(widened(normed[3])), std::abs(widened(before[3])));
}

TYPED_TEST(RowKernels, GateBySilu) {
  auto gate = this->row(48, 1);
  for (auto& x : gate) narrow(&x, 30.0F * widened(x));
  const auto before = gate;
  const auto up = this->row(48, 2);
  gate_with_silu(gate.data(), up.data(), 48);
  for (std::int64_t i = 0; i < 48; ++i) {
    const double x = widened(before[i]);
    this->expect_near(gate[i], x / (1.0 + std::exp(-x)) * widened(up[i]));
  }
}

TYPED_TEST(RowKernels, SiluOfAVeryNegativeNumberVanishes) {
  AlignedVector<TypeParam> gate(16), up(16);
  for (auto& x : gate) narrow(&x, -1e4F);
  for (auto& x : up) narrow(&x, 1.0F);
  gate_with_silu(gate.data(), up.data(), 16);
  EXPECT_LT(std::abs(widened(gate[0])), 1e-30F);
}

TYPED_TEST(RowKernels, RotatePairsThatLieHalfAHeadApart) {
  for (const std::int64_t F : {2, 10, 32}) {
    auto head = this->row(2 * F, 1);
    const auto before = head;
    std::vector<float> cos(F), sin(F);
    for (std::int64_t i = 0; i < F; ++i) {
      cos[i] = std::cos(0.3F * static_cast<float>(i));
      sin[i] = std::sin(0.3F * static_cast<float>(i));
    }
    rotate(head.data(), {.cos = cos.data(), .sin = sin.data(), .size = F});
    for (std::int64_t i = 0; i < F; ++i) {
      const double x = widened(before[i]);
      const double y = widened(before[i + F]);
      this->expect_near(head[i], x * cos[i] - y * sin[i]);
      this->expect_near(head[i + F], y * cos[i] + x * sin[i]);
    }
  }
}

TEST(Bfloat16, RoundsToNearestAndTiesToEven) {
  for (const auto& [given, expected] : {std::pair{1.0F, 1.0F},
                                        {1.00390625F, 1.0F},        // half a unit above 1: to even
                                        {1.01171875F, 1.015625F},   // half a unit above an odd one
                                        {1.00390637F, 1.0078125F},  // more than half
                                        {-1.00390637F, -1.0078125F}}) {
    Bfloat16 one;
    narrow(&one, given);
    EXPECT_EQ(widened(one), expected) << given;
    Bfloat16 sixteen[lane_count];
    store(sixteen, Lanes{} + given);
    for (const auto& x : sixteen) EXPECT_EQ(x.bits, one.bits);
  }
}

TEST(Bfloat16, KeepsWhatIsNotANumber) {
  Bfloat16 one;
  narrow(&one, std::nanf(""));
  EXPECT_TRUE(std::isnan(widened(one)));
  Bfloat16 sixteen[lane_count];
  store(sixteen, Lanes{} + std::nanf(""));
  EXPECT_TRUE(std::isnan(widened(sixteen[5])));
}

}  // namespace
}  // namespace ballast
