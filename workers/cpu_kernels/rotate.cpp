#include "workers/cpu_kernels/rotate.h"

namespace ballast::cpu {
namespace {

template <typename Element>
BALLAST_INLINE void rotate_token(const Rotate<Element>& rotate, std::int64_t token) {
  const std::int64_t pairs = rotate.head_dim / 2;
  const float sign = rotate.back ? -1.0F : 1.0F;
  for (std::int64_t head = 0; head < rotate.turned; ++head) {
    Element* x = rotate.x_NHD + (token * rotate.heads + head) * rotate.head_dim;
    for (std::int64_t i = 0; i < pairs; i += lane_count) {
      const std::int64_t count = pairs - i;
      Lanes cos, sin, first, second;
      load_some(cos, rotate.cos_ND + token * rotate.head_dim + i, count, 0.0F);
      load_some(sin, rotate.sin_ND + token * rotate.head_dim + i, count, 0.0F);
      load_some(first, x + i, count, 0.0F);
      load_some(second, x + pairs + i, count, 0.0F);
      sin *= sign;
      store_some(x + i, first * cos - second * sin, count);
      store_some(x + pairs + i, second * cos + first * sin, count);
    }
  }
}

}  // namespace

BALLAST_KERNEL void rotate(const Rotate<float>& rotate) {
  for (std::int64_t token = 0; token < rotate.tokens; ++token) rotate_token(rotate, token);
}

BALLAST_KERNEL void rotate(const Rotate<Bfloat16>& rotate) {
  for (std::int64_t token = 0; token < rotate.tokens; ++token) rotate_token(rotate, token);
}

}  // namespace ballast::cpu
