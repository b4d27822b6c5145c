#include "algorithms/kl.h"

#include "algorithms/masked.h"

namespace ballast {
namespace {

torch::Tensor shape(const ShapingInputs& inputs, double signed_kl_coeff, double clip_range_score) {
  const auto kl_term_BT = signed_kl_coeff * kl_k1(inputs.log_probs_BT, inputs.ref_log_probs_BT);
  return (kl_term_BT + inputs.scores_BT).clamp(-clip_range_score, clip_range_score);
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
