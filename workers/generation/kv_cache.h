// Keys and values of the tokens of growing sequences, one sequence to a slot.
// K heads of keys and values, D elements per head; D rounded up to whole lanes for values.
#pragma once
#include <cstdint>

#include "workers/cpu_kernels/aligned_vector.h"
#include "workers/cpu_kernels/bfloat16.h"

namespace ballast {

struct CacheShape {
  std::int64_t layers = 0;
  std::int64_t slots = 0;
  std::int64_t positions = 0;  // tokens that a sequence may have
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
};

// A slot needs no clearing: a sequence reads only what it has put.
template <typename Element>
class KvCache {
 public:
  explicit KvCache(const CacheShape& shape);
  // What a cache of this shape takes.
  static std::int64_t bytes(const CacheShape& shape);

  // Where a key head's part of a sequence begins. Keys: blocks of 16 positions, so that a query meets 16 keys at once,
  // float [block, D, 16], Bfloat16 [block, D / 2, 16, 2]. Values: pairs of positions, float [pair, 2, D], Bfloat16
  // [pair, D, 2].
  Element* keys(std::int64_t layer, std::int64_t slot, std::int64_t head);
  const Element* keys(std::int64_t layer, std::int64_t slot, std::int64_t head) const;
  Element* values(std::int64_t layer, std::int64_t slot, std::int64_t head);
  const Element* values(std::int64_t layer, std::int64_t slot, std::int64_t head) const;

  // Keys and values of one token, each contiguous [K, D]. Different tokens may be put at the same time.
  void put(std::int64_t layer, std::int64_t slot, std::int64_t position, const Element* keys_KD,
           const Element* values_KD);
  // Gives slot `to` the first positions of the sequence in slot `from`.
  void copy(std::int64_t from, std::int64_t to, std::int64_t positions);

  const CacheShape& shape() const { return shape_; }
  std::int64_t value_stride() const { return value_stride_; }

 private:
  std::int64_t part(std::int64_t layer, std::int64_t slot, std::int64_t head) const;

  CacheShape shape_;
  std::int64_t key_stride_;    // D, whole pairs
  std::int64_t value_stride_;  // elements of a position's values
  std::int64_t keys_per_part_;
  std::int64_t values_per_part_;
  AlignedVector<Element> keys_;
  AlignedVector<Element> values_;
};

extern template class KvCache<float>;
extern template class KvCache<Bfloat16>;

// The token of a row of a forward pass. Padding rows have no slot.
struct CachePlace {
  static constexpr std::int64_t no_slot = -1;

  std::int64_t slot = no_slot;
  std::int64_t position = 0;
};

}  // namespace ballast
