// Decode attention on tensor cores. One warp multiplies the queries of all heads that share a key head, 16 rows of
// which the unused are zero, with 8 keys at a time, and the weights with values.
//
// A lane (g = lane / 4, t = lane % 4) reads keys and values 16 bytes at a time, straight into the registers that the
// product wants. That is possible because the order of what a product sums over is free: where PTX says "elements 2t,
// 2t + 1, 2t + 8, 2t + 9 of a row", queries and keys both have elements 8t .. 8t + 3 or 8t + 4 .. 8t + 7 of 32; and
// where it says "column g of the j-th 8 columns", values and sums have element 8g + j of 64.
#include <cstring>

#include "workers/gpu_kernels/decode_attention.cuh"
#include "workers/gpu_kernels/mma.cuh"

namespace ballast::gpu::device {
namespace {

constexpr int most_heads = 16;  // query heads to a key head
constexpr int tiles = keys_of_warp / 8;

struct alignas(16) Words {
  unsigned x[4];
};

// Eight bfloat16.
__device__ inline Words words_at(const __nv_bfloat16* from) { return *reinterpret_cast<const Words*>(from); }

__device__ inline unsigned both(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  unsigned bits;
  memcpy(&bits, &pair, sizeof bits);
  return bits;
}

// Which row, key head and keys a warp works on.
struct Task {
  std::int64_t row;
  std::int64_t kv_head;
  std::int64_t begin;  // first of its keys
  Seen seen;
  int group;  // query heads to the key head

  __device__ bool sees(std::int64_t key) const { return key >= seen.first && key < seen.end; }
};

template <int D>
struct Queries {
  unsigned fragments[D / 16][4];
};

template <int D>
__device__ Queries<D> queries_of(const DecodeAttention& a, const Task& task, int g, int t) {
  Queries<D> q;
  const auto* from = static_cast<const __nv_bfloat16*>(a.q) + task.row * a.q_stride + task.kv_head * task.group * D;
#pragma unroll
  for (int c = 0; c < D / 32; ++c) {
#pragma unroll
    for (int upper = 0; upper < 2; ++upper) {
      const int head = g + 8 * upper;
      Words words{};
      if (head < task.group) words = words_at(from + head * D + c * 32 + t * 8);
      q.fragments[2 * c][upper] = words.x[0];
      q.fragments[2 * c][2 + upper] = words.x[1];
      q.fragments[2 * c + 1][upper] = words.x[2];
      q.fragments[2 * c + 1][2 + upper] = words.x[3];
    }
  }
  return q;
}

// scores [tile][.]: heads g (0, 1) and g + 8 (2, 3) with keys 2t and 2t + 1 of the tile's 8.
template <int D>
__device__ void score_keys(const DecodeAttention& a, const Task& task, const Queries<D>& q, float (&scores)[tiles][4]) {
  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
  const auto* keys = static_cast<const __nv_bfloat16*>(a.cache.keys) + cache_part(a, task.row, task.kv_head);
#pragma unroll
  for (int tile = 0; tile < tiles; ++tile) {
    const std::int64_t key = task.begin + tile * 8 + g;
#pragma unroll
    for (int i = 0; i < 4; ++i) scores[tile][i] = 0.0F;
#pragma unroll
    for (int c = 0; c < D / 32; ++c) {
      Words words{};
      if (task.sees(key)) words = words_at(keys + key * D + c * 32 + t * 8);
      multiply_add(scores[tile], q.fragments[2 * c], {words.x[0], words.x[1]});
      multiply_add(scores[tile], q.fragments[2 * c + 1], {words.x[2], words.x[3]});
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const bool is_seen = task.sees(task.begin + tile * 8 + 2 * t + i % 2);
      scores[tile][i] = is_seen ? scores[tile][i] * (a.scale * log2_of_e) : minus_infinity;
    }
  }
}

// Of heads g and g + 8.
struct Weighing {
  float highest[2];
  float total[2];
};

// scores <- 2^(score - highest).
__device__ inline Weighing weigh(float (&scores)[tiles][4]) {
  Weighing w{{minus_infinity, minus_infinity}, {0.0F, 0.0F}};
#pragma unroll
  for (int upper = 0; upper < 2; ++upper) {
#pragma unroll
    for (int tile = 0; tile < tiles; ++tile)
      w.highest[upper] = fmaxf(w.highest[upper], fmaxf(scores[tile][2 * upper], scores[tile][2 * upper + 1]));
    // The four lanes of one g.
    w.highest[upper] = fmaxf(w.highest[upper], __shfl_xor_sync(all_lanes, w.highest[upper], 1));
    w.highest[upper] = fmaxf(w.highest[upper], __shfl_xor_sync(all_lanes, w.highest[upper], 2));
    const float peak = w.highest[upper] == minus_infinity ? 0.0F : w.highest[upper];
#pragma unroll
    for (int tile = 0; tile < tiles; ++tile) {
#pragma unroll
      for (int i = 2 * upper; i < 2 * upper + 2; ++i) {
        scores[tile][i] = exp2f(scores[tile][i] - peak);
        w.total[upper] += scores[tile][i];
      }
    }
    w.total[upper] += __shfl_xor_sync(all_lanes, w.total[upper], 1);
    w.total[upper] += __shfl_xor_sync(all_lanes, w.total[upper], 2);
  }
  return w;
}

// sums [D / 8][.]: the tile 8h + j has elements 64h + 16t + j (0, 2) and 64h + 16t + 8 + j (1, 3) of heads g (0, 1) and
// g + 8 (2, 3).
template <int D>
__device__ void add_values(const DecodeAttention& a, const Task& task, const float (&weights)[tiles][4],
                           float (&sums)[D / 8][4]) {
  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
  const auto* values = static_cast<const __nv_bfloat16*>(a.cache.values) + cache_part(a, task.row, task.kv_head);
#pragma unroll
  for (int step = 0; step < keys_of_warp / 16; ++step) {
    const float(&low)[4] = weights[2 * step];
    const float(&high)[4] = weights[2 * step + 1];
    const unsigned p[4] = {both(low[0], low[1]), both(low[2], low[3]), both(high[0], high[1]), both(high[2], high[3])};
    const std::int64_t key = task.begin + step * 16 + 2 * t;
#pragma unroll
    for (int h = 0; h < D / 64; ++h) {
      Words of_keys[4];  // keys 2t, 2t + 1, 2t + 8, 2t + 9 of the 16
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        const std::int64_t of = key + k % 2 + k / 2 * 8;
        of_keys[k] = Words{};
        if (task.sees(of)) of_keys[k] = words_at(values + of * D + h * 64 + g * 8);
      }
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        // Element 2i, then 2i + 1, of two keys in one register.
        multiply_add(sums[h * 8 + 2 * i], p,
                     {__byte_perm(of_keys[0].x[i], of_keys[1].x[i], 0x5410),
                      __byte_perm(of_keys[2].x[i], of_keys[3].x[i], 0x5410)});
        multiply_add(sums[h * 8 + 2 * i + 1], p,
                     {__byte_perm(of_keys[0].x[i], of_keys[1].x[i], 0x7632),
                      __byte_perm(of_keys[2].x[i], of_keys[3].x[i], 0x7632)});
      }
    }
  }
}

// What the warps of a block hand to each other.
template <int D>
struct Joint {
  float highest[attention_warps][most_heads];
  float total[attention_warps][most_heads];
  float sums[most_heads][D];

  __device__ float peak(int head) const {
    float highest_of_all = minus_infinity;
    for (int warp = 0; warp < attention_warps; ++warp) highest_of_all = fmaxf(highest_of_all, highest[warp][head]);
    return highest_of_all;
  }
};

// The warps add their sums one after the other, in their order.
template <int D>
__device__ void join_warps(Joint<D>& joint, const Weighing& w, const float (&sums)[D / 8][4]) {
  const int warp = threadIdx.x / warp_size, g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
  if (t == 0) {
    for (int upper = 0; upper < 2; ++upper) {
      joint.highest[warp][g + 8 * upper] = w.highest[upper];
      joint.total[warp][g + 8 * upper] = w.total[upper];
    }
  }
  __syncthreads();
  for (int turn = 0; turn < attention_warps; ++turn) {
    if (turn == warp) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int head = g + i / 2 * 8;
        const float factor = exp2f(w.highest[i / 2] - joint.peak(head));
#pragma unroll
        for (int tile = 0; tile < D / 8; ++tile) {
          float& sum = joint.sums[head][tile / 8 * 64 + 16 * t + i % 2 * 8 + tile % 8];
          sum = (turn == 0 ? 0.0F : sum) + factor * sums[tile][i];
        }
      }
    }
    __syncthreads();
  }
}

template <int D>
__device__ void write_partials(const DecodeAttention& a, const Task& task, std::int64_t split, const Joint<D>& joint) {
  for (int i = threadIdx.x; i < task.group * (D + 2); i += attention_threads) {
    const int head = i / (D + 2), d = i % (D + 2);
    const float peak = joint.peak(head);
    float x = d < D ? joint.sums[head][d] : peak;
    if (d == D + 1) {
      x = 0.0F;
      for (int warp = 0; warp < attention_warps; ++warp)
        x += joint.total[warp][head] * exp2f(joint.highest[warp][head] - peak);
    }
    partial_of(a, task.row, task.kv_head * task.group + head, split)[d] = x;
  }
}

// A block for each split, key head and row.
template <int D>
__global__ void __launch_bounds__(attention_threads) attend_split_bf16(DecodeAttention a) {
  __shared__ Joint<D> joint;
  const std::int64_t split = blockIdx.x;
  const Task task{blockIdx.z, blockIdx.y, split * attention_split + threadIdx.x / warp_size * keys_of_warp,
                  seen_by(a, blockIdx.z), static_cast<int>(a.heads / a.cache.kv_heads)};
  if (split * attention_split >= task.seen.end || (split + 1) * attention_split <= task.seen.first) return;
  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
  const Queries<D> q = queries_of<D>(a, task, g, t);
  float weights[tiles][4];
  score_keys<D>(a, task, q, weights);
  const Weighing w = weigh(weights);
  float sums[D / 8][4] = {};
  add_values<D>(a, task, weights, sums);
  join_warps<D>(joint, w, sums);
  write_partials<D>(a, task, split, joint);
}

}  // namespace

bool tensor_cores_attend(const DecodeAttention& a) {
  const std::int64_t D = a.cache.head_dim;
  return a.cache.dtype == ComputeDType::bfloat16 && (D == 64 || D == 128) && a.heads / a.cache.kv_heads <= most_heads &&
         in_whole_packs(a.q_stride, sizeof(__nv_bfloat16), {a.q, a.cache.keys, a.cache.values});
}

void launch_tensor_core_splits(const DecodeAttention& a, Stream stream) {
  launch({.grid = grid_of(attention_splits(a.cache.positions), a.cache.kv_heads, a.rows.count),
          .threads = attention_threads,
          .stream = stream},
         a.cache.head_dim == 64 ? attend_split_bf16<64> : attend_split_bf16<128>, a);
}

}  // namespace ballast::gpu::device
