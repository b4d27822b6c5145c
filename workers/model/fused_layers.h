// Parts of a layer that are one pass over memory each, forward and backward: own kernels on CPUs, ATen elsewhere. All
// are differentiable. N tokens, E = hidden, I = intermediate.
#pragma once
#include <torch/types.h>

namespace ballast {

// Root mean square norm, statistics in float32.
struct RmsNorm {
  torch::Tensor weight_E;
  double epsilon = 0.0;

  torch::Tensor operator()(const torch::Tensor& x_NE) const;
  // stream = stream + delta, and the norm of that.
  torch::Tensor add(torch::Tensor& stream_NE, const torch::Tensor& delta_NE) const;
};

// silu(gate) * up for rows of gate, then up: [N, 2 I] -> [N, I].
torch::Tensor swiglu(const torch::Tensor& gate_up_N2I);

}  // namespace ballast
