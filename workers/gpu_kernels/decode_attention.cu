// N rows, H heads, D elements per head.
#include "workers/gpu_kernels/decode_attention.h"

#include <stdexcept>

#include "workers/gpu_kernels/decode_attention.cuh"

namespace ballast::gpu {
namespace {

using namespace device;

constexpr int largest_head = 256;
constexpr int keys_at_once = 4;  // so that their loads and reductions overlap

// One row's head, as a warp sees it: the lane has the elements d = lane (mod 32), C of them, of queries and sums.
template <typename T, int C>
struct Head {
  const DecodeAttention& a;
  Seen seen;
  const T* keys;
  const T* values;
  float q[C];

  __device__ static int element(int c) { return c * warp_size + static_cast<int>(threadIdx.x) % warp_size; }
  __device__ bool has(int c) const { return element(c) < a.cache.head_dim; }
  __device__ bool sees(std::int64_t key) const { return key >= seen.first && key < seen.end; }
  __device__ float of(const T* array, std::int64_t position, int c) const {
    return as_float(array[position * a.cache.head_dim + element(c)]);
  }

  __device__ Head(const DecodeAttention& attention, std::int64_t row, std::int64_t head)
      : a(attention), seen(seen_by(attention, row)) {
    const std::int64_t part = cache_part(a, row, head * a.cache.kv_heads / a.heads);
    keys = static_cast<const T*>(a.cache.keys) + part;
    values = static_cast<const T*>(a.cache.values) + part;
#pragma unroll
    for (int c = 0; c < C; ++c) q[c] = has(c) ? of(static_cast<const T*>(a.q) + row * a.q_stride, head, c) : 0.0F;
  }
};

// Weighted values so far; weights are 2^(score - highest).
template <int C>
struct Sums {
  float highest;
  float total;
  float of[C];
};

template <typename T, int C>
__device__ void score_keys(const Head<T, C>& head, std::int64_t first, float (&scores)[keys_at_once]) {
#pragma unroll
  for (int k = 0; k < keys_at_once; ++k) {
    scores[k] = 0.0F;
    if (!head.sees(first + k)) continue;
#pragma unroll
    for (int c = 0; c < C; ++c)
      if (head.has(c)) scores[k] += head.q[c] * head.of(head.keys, first + k, c);
  }
#pragma unroll
  for (int k = 0; k < keys_at_once; ++k) {
    const float score = warp_reduce(scores[k], Sum{}) * head.a.scale * log2_of_e;
    scores[k] = head.sees(first + k) ? score : minus_infinity;
  }
}

// At least one of the keys [first, first + 4) is seen.
template <typename T, int C>
__device__ void add_keys(const Head<T, C>& head, std::int64_t first, Sums<C>& sums) {
  float scores[keys_at_once];
  score_keys(head, first, scores);
  float highest = sums.highest;
#pragma unroll
  for (int k = 0; k < keys_at_once; ++k) highest = fmaxf(highest, scores[k]);
  const float shrink = exp2f(sums.highest - highest);
  sums.highest = highest;
  sums.total *= shrink;
#pragma unroll
  for (int c = 0; c < C; ++c) sums.of[c] *= shrink;
#pragma unroll
  for (int k = 0; k < keys_at_once; ++k) {
    if (!head.sees(first + k)) continue;  // there may be anything
    const float weight = exp2f(scores[k] - highest);
    sums.total += weight;
#pragma unroll
    for (int c = 0; c < C; ++c)
      if (head.has(c)) sums.of[c] += weight * head.of(head.values, first + k, c);
  }
}

// Joins the sums of the block's warps, in their order.
template <int C>
__device__ void write_partial(const Sums<C>& sums, std::int64_t head_dim, float* partial) {
  __shared__ float sums_of[attention_warps][C * warp_size];
  __shared__ float highest_of[attention_warps];
  __shared__ float total_of[attention_warps];
  const int warp = threadIdx.x / warp_size;
  const int lane = threadIdx.x % warp_size;
#pragma unroll
  for (int c = 0; c < C; ++c) sums_of[warp][c * warp_size + lane] = sums.of[c];
  if (lane == 0) {
    highest_of[warp] = sums.highest;
    total_of[warp] = sums.total;
  }
  __syncthreads();
  float highest = minus_infinity;
  for (int w = 0; w < attention_warps; ++w) highest = fmaxf(highest, highest_of[w]);
  for (std::int64_t d = threadIdx.x; d < head_dim + 2; d += attention_threads) {
    float sum = 0.0F;
    for (int w = 0; w < attention_warps; ++w)
      sum += (d < head_dim ? sums_of[w][d] : total_of[w]) * exp2f(highest_of[w] - highest);
    partial[d] = d == head_dim ? highest : sum;
  }
}

// Any dtype and shape. A block for each split, query head and row; each warp takes its quarter of the split's keys, a
// few after the other.
template <typename T, int C>
__global__ void __launch_bounds__(attention_threads) attend_split(DecodeAttention a) {
  const std::int64_t split = blockIdx.x, row = blockIdx.z;
  const Head<T, C> head(a, row, blockIdx.y);
  if (split * attention_split >= head.seen.end || (split + 1) * attention_split <= head.seen.first) return;
  const std::int64_t begin = split * attention_split + threadIdx.x / warp_size * keys_of_warp;
  Sums<C> sums{minus_infinity, 0.0F, {}};
  for (std::int64_t first = begin; first < begin + keys_of_warp && first < head.seen.end; first += keys_at_once)
    if (first + keys_at_once > head.seen.first) add_keys(head, first, sums);
  write_partial(sums, a.cache.head_dim, partial_of(a, row, blockIdx.y, split));
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
