// Passes over flat storage.
#pragma once
#include <cstdint>

#include "workers/cpu_kernels/elements.h"

namespace ballast::cpu {

// sum(x^2), each square and their sum in float64, in a fixed order.
double sum_of_squares(const float* x, std::int64_t count);

// sum += x.
void add(float* sum, const Bfloat16* x, std::int64_t count);

// Addends that lie `stride` elements apart.
template <typename Element>
struct Parts {
  const Element* first = nullptr;
  std::int64_t stride = 0;
  std::int64_t count = 0;  // of addends, at least one
};

// sum[i] = the parts' elements i, added in float32 in the order of the parts and rounded once.
void add_parts(float* sum, const Parts<float>& parts, std::int64_t count);
void add_parts(Bfloat16* sum, const Parts<Bfloat16>& parts, std::int64_t count);

}  // namespace ballast::cpu
