// bfloat16 for kernels: the upper half of a float32, eight bits of precision.
#pragma once
#include <bit>

#include "workers/cpu_kernels/lanes.h"

namespace ballast {

struct Bfloat16 {
  std::uint16_t bits;
};

using Bits = std::uint32_t __attribute__((vector_size(64)));
using HalfBits = std::uint16_t __attribute__((vector_size(32)));

BALLAST_INLINE float widened(float x) { return x; }
BALLAST_INLINE float widened(Bfloat16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16U); }

// To the nearest, ties to even, as ATen rounds.
BALLAST_INLINE void narrow(float* to, float x) { *to = x; }
BALLAST_INLINE void narrow(Bfloat16* to, float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const auto rounded = static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U);
  to->bits = x != x ? std::uint16_t{0x7fc0} : rounded;
}

BALLAST_INLINE void load(Lanes& lanes, const Bfloat16* from) {
  HalfBits half;
  std::memcpy(&half, from, sizeof half);
  const Bits bits = __builtin_convertvector(half, Bits) << 16;
  std::memcpy(&lanes, &bits, sizeof lanes);
}

BALLAST_INLINE void store(Bfloat16* to, const Lanes& lanes) {
  Bits bits;
  std::memcpy(&bits, &lanes, sizeof bits);
  Bits rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  rounded = lanes != lanes ? Bits{} + 0x7fc0U : rounded;
  const HalfBits half = __builtin_convertvector(rounded, HalfBits);
  std::memcpy(to, &half, sizeof half);
}

// The two elements of each of 16 pairs.
BALLAST_INLINE void load_pairs(Lanes& firsts, Lanes& seconds, const Bfloat16* pairs) {
  Bits bits;
  std::memcpy(&bits, pairs, sizeof bits);
  const Bits low = bits << 16;
  const Bits high = bits & 0xffff0000U;
  std::memcpy(&firsts, &low, sizeof low);
  std::memcpy(&seconds, &high, sizeof high);
}

}  // namespace ballast
