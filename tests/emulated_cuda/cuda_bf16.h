// bfloat16 of emulated CUDA.
#pragma once
#include <cstdint>

#include "workers/gpu_kernels/elements.h"

struct __nv_bfloat16 {
  std::uint16_t bits;
};

struct __nv_bfloat162 {
  __nv_bfloat16 x, y;
};

inline float __bfloat162float(__nv_bfloat16 x) { return ballast::gpu::widened(x.bits); }
inline __nv_bfloat16 __float2bfloat16_rn(float x) { return {ballast::gpu::narrowed(x)}; }
inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y) {
  return {__float2bfloat16_rn(x), __float2bfloat16_rn(y)};
}
