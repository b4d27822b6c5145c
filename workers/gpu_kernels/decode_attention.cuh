// What the two kernels of decode attention share. Each thread block of four warps computes the attention of one row
// over one split of its positions and leaves a partial result; another kernel joins the splits.
#pragma once
#include <limits>

#include "workers/gpu_kernels/decode_attention.h"
#include "workers/gpu_kernels/device.cuh"

namespace ballast::gpu::device {

inline constexpr int attention_warps = 4;
inline constexpr int attention_threads = attention_warps * warp_size;
inline constexpr int keys_of_warp = static_cast<int>(attention_split) / attention_warps;
inline constexpr float minus_infinity = -std::numeric_limits<float>::infinity();
inline constexpr float log2_of_e = 1.44269504F;

// The positions [first, end) that a row sees; none if it is idle.
struct Seen {
  std::int64_t first;
  std::int64_t end;
};

__device__ inline Seen seen_by(const DecodeAttention& a, std::int64_t row) {
  const std::int64_t end = a.rows.positions[row] + 1;
  if (end <= 0) return {0, 0};
  return {a.window > 0 && end > a.window ? end - a.window : 0, end};
}

// Elements before a key head's part of a slot, in keys as in values.
__device__ inline std::int64_t cache_part(const DecodeAttention& a, std::int64_t row, std::int64_t kv_head) {
  return (a.rows.slots[row] * a.cache.kv_heads + kv_head) * a.cache.positions * a.cache.head_dim;
}

// Where a split's partial result lies: D sums of weighted values, the highest score, the sum of weights. Scores are
// scaled by log2(e), weights are powers of two.
__device__ inline float* partial_of(const DecodeAttention& a, std::int64_t row, std::int64_t head, std::int64_t split) {
  const std::int64_t splits = (a.cache.positions + attention_split - 1) / attention_split;
  return a.scratch + ((row * a.heads + head) * splits + split) * (a.cache.head_dim + 2);
}

// For bfloat16, heads of 64 or 128 elements, and up to 16 query heads to a key head.
bool tensor_cores_attend(const DecodeAttention& attention);
void launch_tensor_core_splits(const DecodeAttention& attention, Stream stream);

}  // namespace ballast::gpu::device
