#include "workers/cpu_kernels/flat.h"

namespace ballast::cpu {
namespace {

using DoubleLanes = double __attribute__((vector_size(64)));
using HalfLanes = float __attribute__((vector_size(32)));
constexpr std::int64_t double_lane_count = 8;

template <typename Element>
BALLAST_INLINE void add_all_parts(Element* sum, const Parts<Element>& parts, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += lane_count) {
    Lanes total, addend;
    load_some(total, parts.first + i, count - i, 0.0F);
    for (std::int64_t part = 1; part < parts.count; ++part) {
      load_some(addend, parts.first + part * parts.stride + i, count - i, 0.0F);
      total += addend;
    }
    store_some(sum + i, total, count - i);
  }
}

}  // namespace

BALLAST_KERNEL double sum_of_squares(const float* x, std::int64_t count) {
  constexpr std::int64_t chains = 4;
  DoubleLanes sums[chains] = {};
  std::int64_t i = 0;
  for (; i + chains * double_lane_count <= count; i += chains * double_lane_count)
    for (std::int64_t chain = 0; chain < chains; ++chain) {
      HalfLanes narrow;
      std::memcpy(&narrow, x + i + chain * double_lane_count, sizeof narrow);
      const DoubleLanes wide = __builtin_convertvector(narrow, DoubleLanes);
      sums[chain] += wide * wide;
    }
  double sum = 0.0;
  for (; i < count; ++i) sum += static_cast<double>(x[i]) * x[i];
  const DoubleLanes total = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  for (std::int64_t lane = 0; lane < double_lane_count; ++lane) sum += total[lane];
  return sum;
}

BALLAST_KERNEL void add(float* sum, const Bfloat16* x, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += lane_count) {
    Lanes left, right;
    load_some(left, sum + i, count - i, 0.0F);
    load_some(right, x + i, count - i, 0.0F);
    store_some(sum + i, left + right, count - i);
  }
}

BALLAST_KERNEL void add_parts(float* sum, const Parts<float>& parts, std::int64_t count) {
  add_all_parts(sum, parts, count);
}

BALLAST_KERNEL void add_parts(Bfloat16* sum, const Parts<Bfloat16>& parts, std::int64_t count) {
  add_all_parts(sum, parts, count);
}

}  // namespace ballast::cpu
