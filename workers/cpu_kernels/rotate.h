// Rotary position embedding (Su et al. 2021) of heads that lie side by side, in place. N tokens, D elements per head.
#pragma once
#include <cstdint>

#include "workers/cpu_kernels/elements.h"

namespace ballast::cpu {

// Pairs (x_i, x_{i + D/2}) of the first `turned` of `heads` heads turn by their token's angles. Elements are float or
// Bfloat16; computed in float32.
template <typename Element>
struct Rotate {
  std::int64_t tokens = 0;
  std::int64_t heads = 0;
  std::int64_t turned = 0;
  std::int64_t head_dim = 0;
  const float* cos_ND = nullptr;  // the second half of a row repeats the first
  const float* sin_ND = nullptr;
  bool back = false;  // by the angles' negatives: what gradients need
  Element* x_NHD = nullptr;
};

void rotate(const Rotate<float>& rotate);
void rotate(const Rotate<Bfloat16>& rotate);

}  // namespace ballast::cpu
