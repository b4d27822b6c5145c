// Rows of float32 or bfloat16 as float32 lanes, to their last element.
#pragma once
#include "workers/cpu_kernels/bfloat16.h"

namespace ballast::cpu {

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
