#include "algorithms/language_model_loss.h"

#include "algorithms/log_probs.h"

namespace ballast {

torch::Tensor next_token_targets(const torch::Tensor& labels_BL) {
  const auto last_B1 = torch::full({labels_BL.size(0), 1}, ignore_label, labels_BL.options());
  return torch::cat({labels_BL.slice(1, 1), last_B1}, 1);
}

std::int64_t count_targets(const torch::Tensor& targets) {
  return (targets != ignore_label).sum().item<std::int64_t>();
}

torch::Tensor language_model_loss(const torch::Tensor& logits_NV, const torch::Tensor& targets_N,
                                  std::int64_t token_count) {
  return at::cross_entropy_loss(to_loss_dtype(logits_NV), targets_N, /*weight=*/{}, at::Reduction::Sum, ignore_label) /
         static_cast<double>(token_count);
}

}  // namespace ballast
