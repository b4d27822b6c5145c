// The gate of a Llama MLP (Shazeer 2020): silu(gate) * up, forward and backward. N rows of I elements, float or
// Bfloat16.
#pragma once
#include <cstdint>

#include "workers/cpu_kernels/elements.h"

namespace ballast::cpu {

template <typename Element>
struct Swiglu {
  std::int64_t rows = 0;
  std::int64_t width = 0;                   // I
  const Element* gate_up_N2I = nullptr;     // each row: gate, then up
  Element* out_NI = nullptr;                // forward only
  const Element* gradient_NI = nullptr;     // backward only: of the result
  Element* gate_up_gradient_N2I = nullptr;  // backward only
};

void swiglu(const Swiglu<float>& swiglu);
void swiglu(const Swiglu<Bfloat16>& swiglu);
void swiglu_gradient(const Swiglu<float>& swiglu);
void swiglu_gradient(const Swiglu<Bfloat16>& swiglu);

}  // namespace ballast::cpu
