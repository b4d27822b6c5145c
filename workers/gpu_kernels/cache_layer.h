// Keys and values of one layer as the kernels see them.
#pragma once
#include <cstdint>

#include "workers/model/compute_dtype.h"

namespace ballast::gpu {

// S slots, K heads of keys and values, P positions, D elements per head. keys and values: [S, K, P, D].
struct CacheLayer {
  void* keys = nullptr;
  void* values = nullptr;
  ComputeDType dtype = ComputeDType::float32;
  std::int64_t positions = 0;  // P
  std::int64_t kv_heads = 0;   // K
  std::int64_t head_dim = 0;   // D
};

// The sequences that rows of a forward pass belong to; N rows.
struct CacheRows {
  const std::int64_t* slots = nullptr;      // [N]
  const std::int64_t* positions = nullptr;  // [N] of the row's token in its sequence; negative: the row is idle
  std::int64_t count = 0;                   // N
};

}  // namespace ballast::gpu
