// Attention of single tokens over the keys and values of their sequences.
#pragma once
#include <cstdint>

#include "workers/gpu_kernels/cache_layer.h"
#include "workers/gpu_kernels/stream.h"

namespace ballast::gpu {

// N rows, H heads of queries, K of keys and values (H is a multiple of K, head h sees key head h K / H), D <= 256
// elements per head. q and out have the cache's dtype.
struct DecodeAttention {
  const void* q = nullptr;    // [N, H, D], rows `q_stride` elements apart
  std::int64_t q_stride = 0;  // a multiple of 8
  CacheLayer cache;
  CacheRows rows;
  std::int64_t heads = 0;    // H
  float scale = 1.0F;        // of the scores
  std::int64_t window = 0;   // keys that a query sees, itself included; 0: all before it
  void* out = nullptr;       // [N, H, D]; idle rows are 0
  float* scratch = nullptr;  // decode_attention_scratch() elements
};

// Positions that one thread block covers. It is fixed, and partial results are joined in its order, so that a row's
// bits depend on its own sequence alone.
inline constexpr std::int64_t attention_split = 256;

// Partial results of one row's head: D sums of weighted values, the highest score, the sum of weights.
inline std::int64_t attention_splits(std::int64_t positions) {
  return (positions + attention_split - 1) / attention_split;
}
inline std::int64_t decode_attention_scratch(std::int64_t rows, std::int64_t heads, const CacheLayer& cache) {
  return rows * heads * attention_splits(cache.positions) * (cache.head_dim + 2);
}

// out = softmax(scale q keys^T) values for every row and head, over the positions [max(0, p - window + 1), p] of the
// row's slot, p being the row's position.
void decode_attention(const DecodeAttention& attention, Stream stream);
void decode_attention_reference(const DecodeAttention& attention, Stream stream);

}  // namespace ballast::gpu
