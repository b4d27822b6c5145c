#include <cmath>

#include "workers/gpu_kernels/elements.h"
#include "workers/gpu_kernels/gated_product.h"

namespace ballast::gpu {

void gated_product_reference(const GatedProduct& product, Stream /*stream*/) {
  const Elements gate_up(product.gate_up, product.dtype), out(product.out, product.dtype);
  for (std::int64_t row = 0; row < product.rows; ++row)
    for (std::int64_t i = 0; i < product.width; ++i) {
      const float gate = gate_up.get(2 * row * product.width + i);
      const float up = gate_up.get((2 * row + 1) * product.width + i);
      out.set(row * product.width + i, gate / (1.0F + std::exp(-gate)) * up);
    }
}

}  // namespace ballast::gpu
