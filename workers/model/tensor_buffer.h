// Tensors as what communicators move.
#pragma once
#include <ATen/core/Tensor.h>

#include "comm/communicator.h"

namespace ballast {

// A contiguous tensor's memory: float32, bfloat16, int64, or float64 as the int64 of the same bits, which must then not
// be computed with.
Buffer buffer_of(const at::Tensor& tensor);

}  // namespace ballast
