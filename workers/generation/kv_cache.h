// Keys and values of the tokens of growing sequences, one sequence to a slot.
// K heads of keys and values, D elements per head; D rounded up to whole lanes for values.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "workers/model/attention.h"

namespace ballast {

// Float32 on the CPU, whatever the model computes in. A slot needs no clearing: a sequence reads only what it has put.
class KvCache {
 public:
  struct Shape {
    std::int64_t layers = 0;
    std::int64_t slots = 0;
    std::int64_t positions = 0;  // tokens that a sequence may have
    std::int64_t kv_heads = 0;
    std::int64_t head_dim = 0;
  };
  explicit KvCache(const Shape& shape);

  // Where a key head's part of a sequence begins. Keys: blocks of 16 positions, [block, D, 16], so that a query meets
  // 16 keys at once. Values: [position, D].
  float* keys(std::int64_t layer, std::int64_t slot, std::int64_t head) const;
  float* values(std::int64_t layer, std::int64_t slot, std::int64_t head) const;

  // Keys and values of one token, each contiguous [K, D].
  void put(std::int64_t layer, std::int64_t slot, std::int64_t position, const float* keys_KD, const float* values_KD);

  const Shape& shape() const { return shape_; }
  std::int64_t value_stride() const { return value_stride_; }

 private:
  std::int64_t part(std::int64_t layer, std::int64_t slot, std::int64_t head) const;

  Shape shape_;
  std::int64_t value_stride_;  // floats from a position's values to the next
  std::int64_t keys_per_part_;
  std::int64_t values_per_part_;
  at::Tensor keys_;
  at::Tensor values_;
};

// The token of a row of a forward pass. Padding rows have no slot.
struct CachePlace {
  static constexpr std::int64_t no_slot = -1;

  std::int64_t slot = no_slot;
  std::int64_t position = 0;
};

// Attention of rows [N] over their own sequences, as far as the row's position: first every row's key and value are put
// into the cache, then each row is computed for itself, so that its bits depend on nothing but its sequence. Padding
// rows give 0. The cache outlives the result.
Attend cached_attention(KvCache& cache, std::vector<CachePlace> places);

}  // namespace ballast
