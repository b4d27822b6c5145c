// Rows of float32 or bfloat16 as float32 lanes. Bfloat16 is laid out as c10::BFloat16.
#pragma once
#include <cstdint>
#include <cstring>

#include "workers/cpu_kernels/lanes.h"

namespace ballast::cpu {

using ballast::load;
using ballast::store;

struct Bfloat16 {
  std::uint16_t bits;
};

using ShortLanes = std::uint16_t __attribute__((vector_size(32)));

BALLAST_INLINE void load(Lanes& lanes, const Bfloat16* from) {
  ShortLanes narrow;
  std::memcpy(&narrow, from, sizeof narrow);
  const IntLanes wide = __builtin_convertvector(narrow, IntLanes) << 16;
  std::memcpy(&lanes, &wide, sizeof lanes);
}

// To the nearest, ties to even; NaN stays NaN.
BALLAST_INLINE void store(Bfloat16* to, const Lanes& lanes) {
  using Bits = std::uint32_t __attribute__((vector_size(64)));
  Bits bits;
  std::memcpy(&bits, &lanes, sizeof bits);
  const Bits rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  const IntLanes is_number = lanes == lanes;
  const Bits kept = is_number ? rounded : Bits{} + 0x7FC0;
  const ShortLanes narrow = __builtin_convertvector(kept, ShortLanes);
  std::memcpy(to, &narrow, sizeof narrow);
}

// The first `count` of 16 elements; the other lanes are `rest`.
template <typename Element>
BALLAST_INLINE void load_some(Lanes& lanes, const Element* from, std::int64_t count, float rest) {
  if (count >= lane_count) return load(lanes, from);
  Element all[lane_count] = {};
  std::memcpy(all, from, static_cast<std::size_t>(count) * sizeof(Element));
  load(lanes, all);
  for (std::int64_t i = count; i < lane_count; ++i) lanes[i] = rest;
}

template <typename Element>
BALLAST_INLINE void store_some(Element* to, const Lanes& lanes, std::int64_t count) {
  if (count >= lane_count) return store(to, lanes);
  Element all[lane_count];
  store(all, lanes);
  std::memcpy(to, all, static_cast<std::size_t>(count) * sizeof(Element));
}

}  // namespace ballast::cpu
