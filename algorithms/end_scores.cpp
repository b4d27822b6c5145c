#include "algorithms/end_scores.h"

#include <stdexcept>

#include <fmt/format.h>

#include "algorithms/masked.h"

namespace ballast {

torch::Tensor token_scores(const torch::Tensor& hidden_H, const torch::Tensor& weight_DH,
                           const std::optional<torch::Tensor>& bias_D) {
  return torch::linear(hidden_H, weight_DH, bias_D.value_or(torch::Tensor{})).to(torch::kFloat32);
}

torch::Tensor end_index(const torch::Tensor& mask_BL) {
  const auto end_B = last_masked_index(mask_BL);
  const auto empty_rows = (end_B < 0).nonzero();
  if (empty_rows.size(0) > 0) {
    throw std::invalid_argument(
        fmt::format("row {} of {} has no token to score", empty_rows[0].item<std::int64_t>(), mask_BL.size(0)));
  }
  return end_B;
}

torch::Tensor at_end(const torch::Tensor& x_BLD, const torch::Tensor& mask_BL) {
  const auto row_B = torch::arange(x_BLD.size(0), mask_BL.options().dtype(torch::kInt64));
  return x_BLD.index({row_B, end_index(mask_BL)});
}

}  // namespace ballast
