// The kernel of attention over a KvCache.
#pragma once
#include <cstdint>
#include <span>

#include "workers/cpu_kernels/bfloat16.h"

namespace ballast {

// One query over the positions [first, end) of a key head's part of a sequence; layouts as in KvCache.
template <typename Element>
struct HeadQuery {
  const Element* query = nullptr;  // [D]
  const Element* keys = nullptr;
  const Element* values = nullptr;
  std::int64_t head_dim = 0;      // D
  std::int64_t value_stride = 0;  // D rounded up to whole lanes
  std::int64_t first = 0;
  std::int64_t end = 0;
  float scale = 1.0F;  // of the scores
};

// Floats of scratch that attend_head needs.
std::int64_t attention_scratch(std::int64_t positions, std::int64_t head_dim);

// out [D] = softmax(scale * query keys^T) values, computed in float32. Its bits depend on the query and on these
// positions alone.
void attend_head(const HeadQuery<float>& head, std::span<float> scratch, float* out);
void attend_head(const HeadQuery<Bfloat16>& head, std::span<float> scratch, Bfloat16* out);

}  // namespace ballast
