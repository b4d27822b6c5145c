#include "workers/gpu_kernels/add_norm.h"
#include "workers/gpu_kernels/device.cuh"

namespace ballast::gpu {
namespace {

using namespace device;

// A block for each row. A thread reads again only what it has written itself.
template <typename T, int W>
__global__ void add_norm_kernel(AddNorm norm) {
  const std::int64_t begin = static_cast<std::int64_t>(blockIdx.x) * norm.width;
  T* stream_E = static_cast<T*>(norm.stream_NE) + begin;
  const T* delta_E = static_cast<const T*>(norm.delta_NE) + begin;
  const T* weight_E = static_cast<const T*>(norm.weight_E);
  T* out_E = static_cast<T*>(norm.out_NE) + begin;
  const std::int64_t first = static_cast<std::int64_t>(threadIdx.x) * W;
  const std::int64_t step = static_cast<std::int64_t>(blockDim.x) * W;
  float squares = 0.0F;
  for (std::int64_t e = first; e < norm.width; e += step) {
    Pack<T, W> x = load<W>(stream_E + e);
    if (norm.delta_NE != nullptr) {
      const Pack<T, W> delta = load<W>(delta_E + e);
      for (int i = 0; i < W; ++i) x.elements[i] = rounded<T>(as_float(x.elements[i]) + as_float(delta.elements[i]));
      store<W>(stream_E + e, x);
    }
    for (int i = 0; i < W; ++i) squares += as_float(x.elements[i]) * as_float(x.elements[i]);
  }
  const float mean = block_reduce(squares, 0.0F, Sum{}) / static_cast<float>(norm.width);
  const float factor = 1.0F / sqrtf(mean + norm.epsilon);
  for (std::int64_t e = first; e < norm.width; e += step) {
    Pack<T, W> x = load<W>(stream_E + e);
    const Pack<T, W> weight = load<W>(weight_E + e);
    for (int i = 0; i < W; ++i)
      x.elements[i] = rounded<T>(as_float(x.elements[i]) * factor * as_float(weight.elements[i]));
    store<W>(out_E + e, x);
  }
}

}  // namespace

void add_norm(const AddNorm& norm, Stream stream) {
  with_element(norm.dtype, [&](auto element) {
    using T = decltype(element);
    const bool wide =
        in_whole_packs(norm.width, sizeof(T), {norm.stream_NE, norm.delta_NE, norm.weight_E, norm.out_NE});
    launch({.grid = grid_of(norm.rows), .threads = 256, .stream = stream},
           wide ? add_norm_kernel<T, pack_size<T>> : add_norm_kernel<T, 1>, norm);
  });
}

}  // namespace ballast::gpu
