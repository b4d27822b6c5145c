// A residual connection and the norm after it.
#pragma once
#include <cstdint>

#include "workers/gpu_kernels/stream.h"
#include "workers/model/compute_dtype.h"

namespace ballast::gpu {

// N rows of E elements, all of one dtype.
struct AddNorm {
  void* stream_NE = nullptr;       // the residual stream
  const void* delta_NE = nullptr;  // what is added to it first; null: nothing
  const void* weight_E = nullptr;
  void* out_NE = nullptr;
  ComputeDType dtype = ComputeDType::float32;
  std::int64_t rows = 0;
  std::int64_t width = 0;  // E
  float epsilon = 0.0F;
};

// stream += delta, rounded to the dtype; out = stream / sqrt(mean(stream^2) + epsilon) * weight, in float32 until the
// end (Zhang and Sennrich, 2019, eq. 4).
void add_norm(const AddNorm& norm, Stream stream);
void add_norm_reference(const AddNorm& norm, Stream stream);

}  // namespace ballast::gpu
