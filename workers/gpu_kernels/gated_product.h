// The product in the middle of a SwiGLU feed-forward layer.
#pragma once
#include <cstdint>

#include "workers/gpu_kernels/stream.h"
#include "workers/model/compute_dtype.h"

namespace ballast::gpu {

// N rows, I elements of each half.
struct GatedProduct {
  const void* gate_up = nullptr;  // [N, 2I]: gate, up
  void* out = nullptr;            // [N, I]
  ComputeDType dtype = ComputeDType::float32;
  std::int64_t rows = 0;
  std::int64_t width = 0;  // I
};

// out = silu(gate) * up, in float32, rounded once (Shazeer, 2020, eq. 6).
void gated_product(const GatedProduct& product, Stream stream);
void gated_product_reference(const GatedProduct& product, Stream stream);

}  // namespace ballast::gpu
