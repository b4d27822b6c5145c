// Rows of logits: the log-probability of one token each, and the gradient that leads to: one or two passes over memory.
// M rows, V = vocabulary.
#pragma once
#include <torch/types.h>

namespace ballast {

// In float32, or float64 where the logits are.
struct RowLogProbs {
  torch::Tensor log_probs_M;    // log softmax(logits) at the ids
  torch::Tensor normalisers_M;  // log sum exp(logits)
};
RowLogProbs row_log_probs(const torch::Tensor& logits_MV, const torch::Tensor& ids_M);

// gradients_M (onehot(ids) - softmax(logits)), in the logits' dtype; may take their place. An id of -1 is none of these
// logits.
struct RowGradients {
  torch::Tensor ids_M;
  torch::Tensor normalisers_M;
  torch::Tensor gradients_M;  // of the log-probabilities
};
torch::Tensor logit_gradient(torch::Tensor logits_MV, const RowGradients& rows);

}  // namespace ballast
