#include "workers/gpu_kernels/device.cuh"
#include "workers/gpu_kernels/gated_product.h"

namespace ballast::gpu {
namespace {

using namespace device;

constexpr std::int64_t threads = 256;

template <typename T, int W>
__global__ void gated_product_kernel(GatedProduct product) {
  const std::int64_t row = blockIdx.x;
  const std::int64_t i = (static_cast<std::int64_t>(blockIdx.y) * threads + threadIdx.x) * W;
  if (i >= product.width) return;
  const T* gate_up = static_cast<const T*>(product.gate_up) + 2 * row * product.width + i;
  Pack<T, W> gate = load<W>(gate_up);
  const Pack<T, W> up = load<W>(gate_up + product.width);
  for (int k = 0; k < W; ++k) {
    const float x = as_float(gate.elements[k]);
    gate.elements[k] = rounded<T>(x / (1.0F + expf(-x)) * as_float(up.elements[k]));
  }
  store<W>(static_cast<T*>(product.out) + row * product.width + i, gate);
}

template <typename T, int W>
void launch_rows(const GatedProduct& product, Stream stream) {
  const std::int64_t packs = (product.width + W - 1) / W;
  launch({.grid = grid_of(product.rows, (packs + threads - 1) / threads), .threads = threads, .stream = stream},
         gated_product_kernel<T, W>, product);
}

}  // namespace

void gated_product(const GatedProduct& product, Stream stream) {
  with_element(product.dtype, [&](auto element) {
    using T = decltype(element);
    if (in_whole_packs(product.width, sizeof(T), {product.gate_up, product.out}))
      launch_rows<T, pack_size<T>>(product, stream);
    else
      launch_rows<T, 1>(product, stream);
  });
}

}  // namespace ballast::gpu
