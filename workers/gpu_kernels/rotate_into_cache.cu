#include "workers/gpu_kernels/device.cuh"
#include "workers/gpu_kernels/rotate_into_cache.h"

namespace ballast::gpu {
namespace {

using namespace device;

// A block for each row; a thread stays with one pair of elements, whose angle it computes once, and walks over heads.
template <typename T>
__global__ void rotate_into_cache_kernel(RotateIntoCache r) {
  const std::int64_t row = blockIdx.x;
  const std::int64_t position = r.rows.positions[row];
  if (position < 0) return;
  const std::int64_t D = r.cache.head_dim;
  const std::int64_t half = D / 2;
  const std::int64_t i = threadIdx.x % half;
  const std::int64_t turned_heads = r.heads + r.cache.kv_heads;
  const std::int64_t heads = turned_heads + r.cache.kv_heads;
  float cos = 1.0F;
  float sin = 0.0F;
  if (r.frequencies != nullptr) sincosf(static_cast<float>(position) * r.frequencies[i], &sin, &cos);
  for (std::int64_t head = threadIdx.x / half; head < heads; head += blockDim.x / half) {
    T* from = static_cast<T*>(r.qkv) + (row * heads + head) * D + i;
    T low = from[0];
    T high = from[half];
    if (head < turned_heads && r.frequencies != nullptr) {
      const float x = as_float(low);
      const float y = as_float(high);
      from[0] = low = rounded<T>(x * cos - y * sin);
      from[half] = high = rounded<T>(y * cos + x * sin);
    }
    if (head < r.heads) continue;
    const bool is_key = head < turned_heads;
    const std::int64_t kv_head = head - (is_key ? r.heads : turned_heads);
    T* to = static_cast<T*>(is_key ? r.cache.keys : r.cache.values) +
            ((r.rows.slots[row] * r.cache.kv_heads + kv_head) * r.cache.positions + position) * D + i;
    to[0] = low;
    to[half] = high;
  }
}

}  // namespace

void rotate_into_cache(const RotateIntoCache& rotation, Stream stream) {
  const std::int64_t half = rotation.cache.head_dim / 2;
  const std::int64_t heads_at_once = half < 256 ? 256 / half : 1;
  with_element(rotation.cache.dtype, [&](auto element) {
    launch({.grid = grid_of(rotation.rows.count), .threads = half * heads_at_once, .stream = stream},
           rotate_into_cache_kernel<decltype(element)>, rotation);
  });
}

}  // namespace ballast::gpu
