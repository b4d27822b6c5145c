// The kernel of attention over a KvCache.
#pragma once
#include <cstdint>
#include <span>

namespace ballast {

// One query over the positions [first, end) of a key head's part of a sequence; layouts as in KvCache.
struct HeadQuery {
  const float* query = nullptr;  // [D]
  const float* keys = nullptr;
  const float* values = nullptr;
  std::int64_t head_dim = 0;      // D
  std::int64_t value_stride = 0;  // D rounded up to whole lanes
  std::int64_t first = 0;
  std::int64_t end = 0;
  float scale = 1.0F;  // of the scores
};

// out [D] = softmax(scale * query keys^T) values. `scratch` has room for a score of each position, rounded up to whole
// lanes at both ends, and for value_stride numbers.
void attend_head(const HeadQuery& head, std::span<float> scratch, float* out);

}  // namespace ballast
