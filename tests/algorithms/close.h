// Tensors that agree within rounding, NaN with NaN.
#pragma once
#include <gmock/gmock.h>
#include <torch/types.h>

namespace ballast {

MATCHER_P(IsClose, expected, "") {
  *result_listener << "got " << arg;
  return arg.sizes() == expected.sizes() &&
         torch::allclose(arg.to(torch::kFloat64), expected.to(torch::kFloat64), 1e-6, 1e-7, /*equal_nan=*/true);
}

}  // namespace ballast
