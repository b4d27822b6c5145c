// Stands in the place of workers/gpu_kernels/mma.cuh: the tensor core's product, as PTX documents where each element
// lies.
#pragma once
#include <cuda_runtime.h>

#include "workers/gpu_kernels/elements.h"

namespace ballast::gpu::device {

inline float half_of(unsigned word, unsigned index) {
  return widened(static_cast<std::uint16_t>(index == 0 ? word & 0xffffU : word >> 16U));
}

struct Fragments {
  unsigned a[4];
  unsigned b[2];
};

inline void multiply_add(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  using namespace emulated_cuda;
  const Fragments own{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
  give(&own, sizeof own);
  const auto of_lane = [](unsigned from) { return static_cast<const Fragments*>(given_by(from)); };
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned row = lane() / 4 + i / 2 * 8;
    const unsigned column = lane() % 4 * 2 + i % 2;
    for (unsigned k = 0; k < 16; ++k) {
      const unsigned pair = k % 8 / 2;
      const float x = half_of(of_lane(row % 8 * 4 + pair)->a[row / 8 + k / 8 * 2], k % 2);
      const float y = half_of(of_lane(column * 4 + pair)->b[k / 8], k % 2);
      c[i] += x * y;
    }
  }
}

}  // namespace ballast::gpu::device
