// Passes over flat storage.
#pragma once
#include <cstdint>

#include "workers/cpu_kernels/elements.h"

namespace ballast::cpu {

// sum(x^2), each square and their sum in float64, in a fixed order.
double sum_of_squares(const float* x, std::int64_t count);

// sum += x.
void add(float* sum, const Bfloat16* x, std::int64_t count);

}  // namespace ballast::cpu
