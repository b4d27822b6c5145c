#include <algorithm>
#include <cmath>
#include <vector>

#include "workers/gpu_kernels/decode_attention.h"
#include "workers/gpu_kernels/elements.h"

namespace ballast::gpu {
namespace {

// The positions [first, end) that a row sees.
struct Seen {
  std::int64_t first = 0;
  std::int64_t end = 0;
};

Seen seen_by(const DecodeAttention& a, std::int64_t row) {
  const std::int64_t end = a.rows.positions[row] + 1;
  return {.first = a.window > 0 ? std::max<std::int64_t>(0, end - a.window) : 0, .end = end};
}

void attend(const DecodeAttention& a, std::int64_t row, std::int64_t head) {
  const Elements q(a.q, a.cache.dtype), out(a.out, a.cache.dtype);
  const Elements keys(a.cache.keys, a.cache.dtype), values(a.cache.values, a.cache.dtype);
  const std::int64_t D = a.cache.head_dim;
  const std::int64_t key_head = head * a.cache.kv_heads / a.heads;
  const std::int64_t part = (a.rows.slots[row] * a.cache.kv_heads + key_head) * a.cache.positions * D;
  const auto [first, end] = seen_by(a, row);
  std::vector<double> weights;
  for (std::int64_t position = first; position < end; ++position) {
    double score = 0.0;
    for (std::int64_t d = 0; d < D; ++d)
      score += static_cast<double>(q.get(row * a.q_stride + head * D + d)) * keys.get(part + position * D + d);
    weights.push_back(score * a.scale);
  }
  const double highest = *std::max_element(weights.begin(), weights.end());
  double total = 0.0;
  for (double& weight : weights) total += weight = std::exp(weight - highest);
  for (std::int64_t d = 0; d < D; ++d) {
    double sum = 0.0;
    for (std::int64_t position = first; position < end; ++position)
      sum += weights[position - first] * values.get(part + position * D + d);
    out.set((row * a.heads + head) * D + d, static_cast<float>(sum / total));
  }
}

}  // namespace

void decode_attention_reference(const DecodeAttention& a, Stream /*stream*/) {
  const Elements out(a.out, a.cache.dtype);
  const std::int64_t width = a.heads * a.cache.head_dim;
  for (std::int64_t row = 0; row < a.rows.count; ++row) {
    if (a.rows.positions[row] < 0) {
      for (std::int64_t i = 0; i < width; ++i) out.set(row * width + i, 0.0F);
      continue;
    }
    for (std::int64_t head = 0; head < a.heads; ++head) attend(a, row, head);
  }
}

}  // namespace ballast::gpu
