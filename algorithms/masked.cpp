#include "algorithms/masked.h"

namespace ballast {

torch::Tensor masked_row_sum(const torch::Tensor& x_BT, const torch::Tensor& mask_BT) {
  return (x_BT * mask_BT).sum(-1);
}

torch::Tensor masked_row_mean(const torch::Tensor& x_BT, const torch::Tensor& mask_BT) {
  return masked_row_sum(x_BT, mask_BT) / mask_BT.sum(-1);
}

torch::Tensor masked_row_mean_or_zero(const torch::Tensor& x_BT, const torch::Tensor& mask_BT) {
  return masked_row_sum(x_BT, mask_BT) / mask_BT.sum(-1).clamp_min(1);
}

torch::Tensor masked_mean(const torch::Tensor& x_BT, const torch::Tensor& mask_BT) {
  return masked_row_mean(x_BT, mask_BT).mean();
}

torch::Tensor masked_mean_share(const torch::Tensor& x_BT, const torch::Tensor& mask_BT, std::int64_t mini_batch_rows) {
  TORCH_CHECK(mini_batch_rows > 0, "a mini-batch without any response has no mean");
  return masked_row_mean_or_zero(x_BT, mask_BT).sum() / mini_batch_rows;
}

torch::Tensor masked_mean_share_weights(const torch::Tensor& mask_BT, std::int64_t mini_batch_rows) {
  return mask_BT / (mask_BT.sum(-1, /*keepdim=*/true).clamp_min(1) * static_cast<float>(mini_batch_rows));
}

std::int64_t count_nonempty_rows(const torch::Tensor& mask_BT) { return mask_BT.any(-1).sum().item<std::int64_t>(); }

torch::Tensor last_masked_index(const torch::Tensor& mask_BT) {
  const auto index_T = torch::arange(mask_BT.size(-1), mask_BT.options().dtype(torch::kInt64));
  return torch::where(mask_BT.to(torch::kBool), index_T, -1).amax(-1);
}

torch::Tensor response_mask(const torch::Tensor& prompt_lengths_B, const torch::Tensor& lengths_B, std::int64_t T) {
  const auto index_T = torch::arange(T, lengths_B.options());
  return (index_T >= prompt_lengths_B.unsqueeze(1) - 1) & (index_T < lengths_B.unsqueeze(1) - 1);
}

}  // namespace ballast
