// Sixteen float32 lanes for kernels, by the compiler's vector extension. Arguments go by reference: by value they would
// depend on the instruction set that each file is compiled for.
#pragma once
#include <cstdint>
#include <cstring>

namespace ballast {

using Lanes = float __attribute__((vector_size(64)));
using IntLanes = std::int32_t __attribute__((vector_size(64)));
inline constexpr std::int64_t lane_count = 16;

// A kernel is compiled for these instruction sets, and the machine's own is chosen when the program starts.
#define BALLAST_KERNEL __attribute__((target_clones("avx512f", "avx2,fma", "default")))
#define BALLAST_INLINE inline __attribute__((always_inline))

BALLAST_INLINE void load(Lanes& lanes, const float* from) { std::memcpy(&lanes, from, sizeof lanes); }
BALLAST_INLINE void store(float* to, const Lanes& lanes) { std::memcpy(to, &lanes, sizeof lanes); }

// x = exp(x), to 2 units in the last place; 0 below -87, where the result would leave float32's normal range.
// x = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial for exp(r) (Cephes, expf).
BALLAST_INLINE void exponentiate(Lanes& x) {
  constexpr float to_integer = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
  constexpr float lowest = -87.0F;
  const IntLanes vanishes = x < lowest;
  Lanes clamped = vanishes ? Lanes{} + lowest : x;
  const Lanes n = (clamped * 1.44269504F + to_integer) - to_integer;
  const Lanes r = (clamped - n * 0.693359375F) + n * 2.12194440e-4F;
  Lanes p = r * 1.9875691500e-4F + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const IntLanes exponent = (__builtin_convertvector(n, IntLanes) + 127) << 23;
  Lanes power;
  std::memcpy(&power, &exponent, sizeof power);
  x = vanishes ? Lanes{} : p * power;
}

// In a fixed tree.
BALLAST_INLINE float sum_of(const Lanes& lanes) {
  float x[lane_count];
  store(x, lanes);
  for (std::int64_t width = lane_count / 2; width > 0; width /= 2) {
    for (std::int64_t i = 0; i < width; ++i) x[i] += x[i + width];
  }
  return x[0];
}

BALLAST_INLINE float max_of(const Lanes& lanes) {
  float x[lane_count];
  store(x, lanes);
  for (std::int64_t i = 1; i < lane_count; ++i) x[0] = x[0] < x[i] ? x[i] : x[0];
  return x[0];
}

// Rows become columns: exchanges blocks of 8, 4, 2 and 1 across the diagonal.
BALLAST_INLINE void transpose(Lanes (&x)[lane_count]) {
  IntLanes lane;
  for (std::int32_t l = 0; l < lane_count; ++l) lane[l] = l;
#pragma GCC unroll 4
  for (std::int32_t block = 8; block > 0; block /= 2) {
    const IntLanes is_low = (lane & block) == 0;
    const IntLanes low = is_low ? lane : lane - block + 16;
    const IntLanes high = is_low ? lane + block : lane + 16;
#pragma GCC unroll 16
    for (std::int32_t i = 0; i < lane_count; ++i) {
      if (i & block) continue;
      const Lanes above = x[i], below = x[i + block];
      x[i] = __builtin_shuffle(above, below, low);
      x[i + block] = __builtin_shuffle(above, below, high);
    }
  }
}

}  // namespace ballast
