#include "algorithms/kl.h"

#include "algorithms/masked.h"

namespace ballast {
namespace {

torch::Tensor add_at_end(const torch::Tensor& x_BT, const torch::Tensor& score_B, const torch::Tensor& mask_BT) {
  const auto end_B = last_masked_index(mask_BT);
  const auto added_B = torch::where(end_B >= 0, score_B, 0).to(x_BT.scalar_type());
  return x_BT.scatter_add(1, end_B.clamp_min(0).unsqueeze(1), added_B.unsqueeze(1));
}

torch::Tensor shape(const ShapingInputs& inputs, double signed_kl_coeff, double clip_range_score) {
  const auto kl_term_BT = signed_kl_coeff * kl_k1(inputs.log_probs_BT, inputs.ref_log_probs_BT);
  return add_at_end(kl_term_BT, inputs.score_B, inputs.mask_BT).clamp(-clip_range_score, clip_range_score);
}

}  // namespace

torch::Tensor kl_k1(const torch::Tensor& log_probs_BT, const torch::Tensor& ref_log_probs_BT) {
  return log_probs_BT - ref_log_probs_BT;
}

torch::Tensor kl_divergence(const ShapingInputs& inputs) {
  return masked_row_sum(kl_k1(inputs.log_probs_BT, inputs.ref_log_probs_BT), inputs.mask_BT);
}

torch::Tensor shape_rewards(const ShapingInputs& inputs, const KlConfig& config) {
  return shape(inputs, -config.kl_coeff, config.clip_range_score);
}

torch::Tensor shape_costs(const ShapingInputs& inputs, const KlConfig& config) {
  return shape(inputs, config.kl_coeff, config.clip_range_score);
}

}  // namespace ballast
