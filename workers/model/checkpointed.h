// Part of a model that keeps only what enters it (Chen et al. 2016).
#pragma once
#include <torch/types.h>

#include <functional>
#include <vector>

namespace ballast {

using Computation = std::function<std::vector<torch::Tensor>(const std::vector<torch::Tensor>&)>;

// compute(inputs), of which nothing but the inputs is kept: the backward pass computes it again. What else it uses that
// has gradients must be leaves. It is called with gradients only in the backward pass, and both times gives the same
// bits.
std::vector<torch::Tensor> checkpointed(const std::vector<torch::Tensor>& inputs, const Computation& compute);

}  // namespace ballast
