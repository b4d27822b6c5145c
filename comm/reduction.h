// Arithmetic on typed buffers in CPU memory, for transports that copy and reduce themselves.
#pragma once
#include <cstdint>

#include "comm/communicator.h"

namespace ballast {

float bfloat16_to_float(std::uint16_t bits);
// Rounds to nearest, ties to even; too large becomes infinity, a NaN stays a (quiet) NaN.
std::uint16_t float_to_bfloat16(float value);

// inout[i] = op(input[i], inout[i]); both have the same count and dtype. bfloat16 is computed in float32, rounded once.
void reduce(ReduceOp op, ConstBuffer input, Buffer inout);

// Copies to.count elements; the buffers have the same dtype and may overlap.
void copy(ConstBuffer from, Buffer to);

}  // namespace ballast
