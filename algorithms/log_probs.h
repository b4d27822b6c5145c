// Log-probabilities of given tokens under a model.
#pragma once
#include <torch/types.h>

namespace ballast {

/// [...]: log softmax(logits)[label], logits [..., V], labels [...] int64. Half precision is raised to float32 first.
/// A causal model's logits at t score token t + 1: pass logits[:, :-1] and ids[:, 1:].
torch::Tensor gather_log_probs(const torch::Tensor& logits_V, const torch::Tensor& labels);

/// Logits as the losses want them: bfloat16 and float16 become float32, float32 and float64 stay.
torch::Tensor to_loss_dtype(const torch::Tensor& logits);

}  // namespace ballast
