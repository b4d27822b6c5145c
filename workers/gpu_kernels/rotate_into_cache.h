// Rotary position embedding, and keys and values into the cache.
#pragma once
#include <cstdint>

#include "workers/gpu_kernels/cache_layer.h"
#include "workers/gpu_kernels/stream.h"

namespace ballast::gpu {

// N rows, H heads of queries, K of keys and values, D elements per head (even).
struct RotateIntoCache {
  void* qkv = nullptr;                 // [N, H + 2K, D] in the cache's dtype: queries, keys, values of a token
  const float* frequencies = nullptr;  // [D / 2]; null: nothing is turned
  CacheLayer cache;
  CacheRows rows;
  std::int64_t heads = 0;  // H
};

// Turns the pairs (x_i, x_{i + D/2}) of each query and key in place by the angle position * frequency_i, in float32,
// rounded once, and copies keys and values to the row's place in the cache. Idle rows are left alone.
void rotate_into_cache(const RotateIntoCache& rotation, Stream stream);
void rotate_into_cache_reference(const RotateIntoCache& rotation, Stream stream);

}  // namespace ballast::gpu
