// Consecutive indices: of one dimension, or of a flat storage.
#pragma once
#include <algorithm>
#include <cstdint>

namespace ballast {

// [begin, end).
struct IndexRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  std::int64_t size() const { return end - begin; }
  bool empty() const { return end <= begin; }
};

// Empty where they do not meet.
inline IndexRange overlap(IndexRange a, IndexRange b) {
  const std::int64_t begin = std::max(a.begin, b.begin);
  return {begin, std::max(begin, std::min(a.end, b.end))};
}

}  // namespace ballast
