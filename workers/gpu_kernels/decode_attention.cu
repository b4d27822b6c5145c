// N rows, H heads, D elements per head.
#include "workers/gpu_kernels/decode_attention.h"

#include <stdexcept>

#include "workers/gpu_kernels/decode_attention.cuh"

namespace ballast::gpu {
namespace {

using namespace device;

constexpr int largest_head = 256;
constexpr int keys_at_once = 4;  // so that their loads and reductions overlap

// Scores of keys [begin, begin + 4), the sums over D shared among the lanes, each of which holds C elements.
template <typename T, int C>
__device__ void scores_of(const DecodeAttention& a, const Seen& seen, const float (&q)[C], const T* keys,
                          float (&scores)[keys_at_once], std::int64_t begin) {
  const std::int64_t D = a.cache.head_dim;
  for (int k = 0; k < keys_at_once; ++k) {
    const std::int64_t key = begin + k;
    scores[k] = 0.0F;
    if (key < seen.first || key >= seen.end) continue;
#pragma unroll
    for (int c = 0; c < C; ++c) {
      const int d = c * warp_size + static_cast<int>(threadIdx.x) % warp_size;
      if (d < D) scores[k] += q[c] * as_float(keys[key * D + d]);
    }
  }
#pragma unroll
  for (int k = 0; k < keys_at_once; ++k) {
    const bool is_seen = begin + k >= seen.first && begin + k < seen.end;
    const float score = warp_reduce(scores[k], Sum{}) * a.scale * log2_of_e;
    scores[k] = is_seen ? score : minus_infinity;
  }
}

// Any dtype and shape. A block for each split, query head and row; each warp takes its quarter of the split's keys one
// after the other, a lane having the elements d = lane (mod 32) of sums and values.
template <typename T, int C>
__global__ void __launch_bounds__(attention_threads) attend_split(DecodeAttention a) {
  const std::int64_t split = blockIdx.x, head = blockIdx.y, row = blockIdx.z;
  const Seen seen = seen_by(a, row);
  const std::int64_t split_begin = split * attention_split;
  if (split_begin >= seen.end || split_begin + attention_split <= seen.first) return;
  const std::int64_t D = a.cache.head_dim;
  const int warp = threadIdx.x / warp_size;
  const int lane = threadIdx.x % warp_size;
  const std::int64_t part = cache_part(a, row, head * a.cache.kv_heads / a.heads);
  const T* keys = static_cast<const T*>(a.cache.keys) + part;
  const T* values = static_cast<const T*>(a.cache.values) + part;
  float q[C], sums[C] = {};
#pragma unroll
  for (int c = 0; c < C; ++c) {
    const int d = c * warp_size + lane;
    q[c] = d < D ? as_float(static_cast<const T*>(a.q)[row * a.q_stride + head * D + d]) : 0.0F;
  }
  float highest = minus_infinity;
  float total = 0.0F;
  const std::int64_t begin = split_begin + warp * keys_of_warp;
  for (std::int64_t first = begin; first < begin + keys_of_warp && first < seen.end; first += keys_at_once) {
    if (first + keys_at_once <= seen.first) continue;
    float scores[keys_at_once];
    scores_of(a, seen, q, keys, scores, first);
    float peak = highest;
    for (int k = 0; k < keys_at_once; ++k) peak = fmaxf(peak, scores[k]);
    const float shrink = exp2f(highest - peak);
    highest = peak;
    total *= shrink;
#pragma unroll
    for (int c = 0; c < C; ++c) sums[c] *= shrink;
    for (int k = 0; k < keys_at_once; ++k) {
      const float weight = exp2f(scores[k] - peak);
      if (weight == 0.0F) continue;  // also what is not seen and may hold anything
      total += weight;
#pragma unroll
      for (int c = 0; c < C; ++c) {
        const int d = c * warp_size + lane;
        if (d < D) sums[c] += weight * as_float(values[(first + k) * D + d]);
      }
    }
  }
  __shared__ float sums_of[attention_warps][C * warp_size];
  __shared__ float highest_of[attention_warps];
  __shared__ float total_of[attention_warps];
#pragma unroll
  for (int c = 0; c < C; ++c) sums_of[warp][c * warp_size + lane] = sums[c];
  if (lane == 0) highest_of[warp] = highest;
  if (lane == 0) total_of[warp] = total;
  __syncthreads();
  float peak = minus_infinity;
  for (int w = 0; w < attention_warps; ++w) peak = fmaxf(peak, highest_of[w]);
  float* partial = partial_of(a, row, head, split);
  for (std::int64_t d = threadIdx.x; d < D + 2; d += attention_threads) {
    float sum = 0.0F;
    for (int w = 0; w < attention_warps; ++w) {
      const float of_warp = d < D ? sums_of[w][d] : total_of[w];
      sum += of_warp * exp2f(highest_of[w] - peak);
    }
    partial[d] = d == D ? peak : sum;
  }
}

// A block for each head and row, a thread for each element.
template <typename T>
__global__ void join_splits(DecodeAttention a) {
  const std::int64_t head = blockIdx.x, row = blockIdx.y, d = threadIdx.x;
  const std::int64_t D = a.cache.head_dim;
  if (d >= D) return;
  const Seen seen = seen_by(a, row);
  const std::int64_t first = seen.first / attention_split;
  const std::int64_t end = (seen.end + attention_split - 1) / attention_split;
  const float* partials = partial_of(a, row, head, 0);
  float peak = minus_infinity;
  for (std::int64_t split = first; split < end; ++split) peak = fmaxf(peak, partials[split * (D + 2) + D]);
  float sum = 0.0F;
  float total = 0.0F;
  for (std::int64_t split = first; split < end; ++split) {
    const float* partial = partials + split * (D + 2);
    const float factor = exp2f(partial[D] - peak);
    sum += factor * partial[d];
    total += factor * partial[D + 1];
  }
  static_cast<T*>(a.out)[(row * a.heads + head) * D + d] = rounded<T>(end > first ? sum / total : 0.0F);
}

template <typename T>
void launch_splits(const DecodeAttention& a, Stream stream) {
  const Launch where{.grid = grid_of(attention_splits(a.cache.positions), a.heads, a.rows.count),
                     .threads = attention_threads,
                     .stream = stream};
  const std::int64_t D = a.cache.head_dim;
  launch(where,
         D <= 32    ? attend_split<T, 1>
         : D <= 64  ? attend_split<T, 2>
         : D <= 128 ? attend_split<T, 4>
                    : attend_split<T, 8>,
         a);
}

}  // namespace

void decode_attention(const DecodeAttention& a, Stream stream) {
  if (a.cache.head_dim > largest_head) throw std::invalid_argument("heads larger than decode_attention takes");
  with_element(a.cache.dtype, [&](auto element) {
    using T = decltype(element);
    if (tensor_cores_attend(a))
      launch_tensor_core_splits(a, stream);
    else
      launch_splits<T>(a, stream);
    launch({.grid = grid_of(a.heads, a.rows.count), .threads = (a.cache.head_dim + 31) / 32 * 32, .stream = stream},
           join_splits<T>, a);
  });
}

}  // namespace ballast::gpu
