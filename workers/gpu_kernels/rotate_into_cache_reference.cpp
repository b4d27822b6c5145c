#include <cmath>

#include "workers/gpu_kernels/elements.h"
#include "workers/gpu_kernels/rotate_into_cache.h"

namespace ballast::gpu {
namespace {

void turn(const RotateIntoCache& r, std::int64_t row, std::int64_t head_begin) {
  const Elements qkv(r.qkv, r.cache.dtype);
  const std::int64_t half = r.cache.head_dim / 2;
  for (std::int64_t i = 0; i < half; ++i) {
    const float angle = static_cast<float>(r.rows.positions[row]) * r.frequencies[i];
    const float cos = std::cos(angle), sin = std::sin(angle);
    const float x = qkv.get(head_begin + i), y = qkv.get(head_begin + half + i);
    qkv.set(head_begin + i, x * cos - y * sin);
    qkv.set(head_begin + half + i, y * cos + x * sin);
  }
}

}  // namespace

void rotate_into_cache_reference(const RotateIntoCache& r, Stream /*stream*/) {
  const auto& cache = r.cache;
  const Elements qkv(r.qkv, cache.dtype), keys(cache.keys, cache.dtype), values(cache.values, cache.dtype);
  const std::int64_t D = cache.head_dim;
  const std::int64_t heads = r.heads + 2 * cache.kv_heads;
  for (std::int64_t row = 0; row < r.rows.count; ++row) {
    const std::int64_t position = r.rows.positions[row];
    if (position < 0) continue;
    const std::int64_t begin = row * heads * D;
    for (std::int64_t head = 0; r.frequencies != nullptr && head < r.heads + cache.kv_heads; ++head)
      turn(r, row, begin + head * D);
    for (std::int64_t head = 0; head < cache.kv_heads; ++head) {
      const std::int64_t to = ((r.rows.slots[row] * cache.kv_heads + head) * cache.positions + position) * D;
      for (std::int64_t d = 0; d < D; ++d) {
        keys.set(to + d, qkv.get(begin + (r.heads + head) * D + d));
        values.set(to + d, qkv.get(begin + (r.heads + cache.kv_heads + head) * D + d));
      }
    }
  }
}

}  // namespace ballast::gpu
