// How a flat storage is dealt to replicas: for the sum of gradients and, under ZeRO-1, for what an optimizer keeps.
#pragma once
#include <cstdint>

#include "workers/model/index_range.h"

namespace ballast {

// 25 MB of float32: long enough for a network's bandwidth, short enough that most of a backward pass is left when the
// first one is full.
inline constexpr std::int64_t default_bucket = 25'000'000 / 4;

// The storage is cut into buckets, the last of which may be shorter, and each bucket into one piece for each replica.
class Partition {
 public:
  // Pieces begin at multiples of so many elements: a gradient's norm is summed over such blocks, hence each block by
  // one replica, and has the same bits however many there are.
  static constexpr std::int64_t block = 4096;

  // `bucket`: elements, rounded down to whole blocks for each replica, but at least one.
  Partition(std::int64_t size, int replicas, std::int64_t bucket = default_bucket);

  // The size that has no unequal pieces.
  static std::int64_t padded(std::int64_t size, int replicas);

  int replicas() const { return replicas_; }
  int buckets() const;
  IndexRange bucket(int index) const;
  // Empty where the last bucket is too short for all.
  IndexRange piece(int bucket, int replica) const;
  // The buckets that a span meets: from `bucket_of(span.begin)` to `bucket_of(span.end - 1)`.
  int bucket_of(std::int64_t element) const { return static_cast<int>(element / bucket_); }

 private:
  std::int64_t size_;
  int replicas_;
  std::int64_t bucket_;
};

}  // namespace ballast
