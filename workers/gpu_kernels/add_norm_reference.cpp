#include <cmath>

#include "workers/gpu_kernels/add_norm.h"
#include "workers/gpu_kernels/elements.h"

namespace ballast::gpu {

void add_norm_reference(const AddNorm& norm, Stream /*stream*/) {
  const Elements stream_NE(norm.stream_NE, norm.dtype), delta_NE(norm.delta_NE, norm.dtype);
  const Elements weight_E(norm.weight_E, norm.dtype), out_NE(norm.out_NE, norm.dtype);
  for (std::int64_t begin = 0; begin < norm.rows * norm.width; begin += norm.width) {
    double squares = 0.0;
    for (std::int64_t i = begin; i < begin + norm.width; ++i) {
      if (norm.delta_NE != nullptr) stream_NE.set(i, stream_NE.get(i) + delta_NE.get(i));
      squares += static_cast<double>(stream_NE.get(i)) * stream_NE.get(i);
    }
    const auto factor = 1.0 / std::sqrt(squares / static_cast<double>(norm.width) + norm.epsilon);
    for (std::int64_t e = 0; e < norm.width; ++e)
      out_NE.set(begin + e, static_cast<float>(stream_NE.get(begin + e) * factor * weight_E.get(e)));
  }
}

}  // namespace ballast::gpu
