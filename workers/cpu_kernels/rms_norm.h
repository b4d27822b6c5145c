// A residual connection and the norm after it (Zhang and Sennrich 2019, eq. 4), forward and backward. N rows of E
// elements, float or Bfloat16; sums in float32.
#pragma once
#include <cstdint>

#include "workers/cpu_kernels/elements.h"

namespace ballast::cpu {

template <typename Element>
struct AddNorm {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  const Element* x_NE = nullptr;
  const Element* delta_NE = nullptr;  // null: nothing is added and `sum_NE` is not written
  const Element* weight_E = nullptr;
  float epsilon = 0.0F;
  Element* sum_NE = nullptr;  // x + delta
  Element* out_NE = nullptr;  // sum * scale * weight
  float* scale_N = nullptr;   // 1 / sqrt(mean(sum^2) + epsilon), for the backward pass
};

void add_norm(const AddNorm<float>& norm);
void add_norm(const AddNorm<Bfloat16>& norm);

template <typename Element>
struct AddNormGradient {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  const Element* sum_NE = nullptr;
  const Element* weight_E = nullptr;
  const float* scale_N = nullptr;
  const Element* out_gradient_NE = nullptr;
  const Element* sum_gradient_NE = nullptr;  // what else the sum led to; null: nothing
  Element* gradient_NE = nullptr;            // of x, and of delta
  float* weight_gradient_E = nullptr;        // added to
};

void add_norm_gradient(const AddNormGradient<float>& gradient);
void add_norm_gradient(const AddNormGradient<Bfloat16>& gradient);

}  // namespace ballast::cpu
