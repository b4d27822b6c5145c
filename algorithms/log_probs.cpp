#include "algorithms/log_probs.h"

namespace ballast {

torch::Tensor gather_log_probs(const torch::Tensor& logits_V, const torch::Tensor& labels) {
  return torch::log_softmax(to_loss_dtype(logits_V), -1).gather(-1, labels.unsqueeze(-1)).squeeze(-1);
}

torch::Tensor to_loss_dtype(const torch::Tensor& logits) {
  const bool is_half = logits.scalar_type() == torch::kBFloat16 || logits.scalar_type() == torch::kHalf;
  return is_half ? logits.to(torch::kFloat32) : logits;
}

}  // namespace ballast
