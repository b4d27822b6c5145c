// Log-probabilities of given tokens without the whole logits in memory. M rows, E = hidden, V = vocabulary.
#pragma once
#include <torch/types.h>

namespace ballast {

// [M]: log softmax(hidden_ME weight_VE^T) at ids_M (int64), in float32 or better. Works through a few rows at a time,
// in the backward pass again, so that at most a slice of the logits [M, V] exists. Differentiable in hidden and weight.
torch::Tensor token_log_probs(const torch::Tensor& hidden_ME, const torch::Tensor& weight_VE,
                              const torch::Tensor& ids_M);

}  // namespace ballast
