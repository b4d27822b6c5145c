#include "algorithms/ppo_loss.h"

namespace ballast {

torch::Tensor policy_loss(const PolicyLossInputs& inputs, double clip_range_ratio) {
  const auto rho_BT = torch::exp(inputs.log_probs_BT - inputs.old_log_probs_BT);
  const auto clipped_rho_BT = rho_BT.clamp(1.0 - clip_range_ratio, 1.0 + clip_range_ratio);
  return -torch::minimum(inputs.advantages_BT * rho_BT, inputs.advantages_BT * clipped_rho_BT);
}

torch::Tensor critic_loss(const CriticLossInputs& inputs, double clip_range_value) {
  const auto clipped_values_BT =
      torch::clamp(inputs.values_BT, inputs.old_values_BT - clip_range_value, inputs.old_values_BT + clip_range_value);
  const auto squared_BT = (inputs.values_BT - inputs.returns_BT).square();
  const auto clipped_squared_BT = (clipped_values_BT - inputs.returns_BT).square();
  return 0.5 * torch::maximum(squared_BT, clipped_squared_BT);
}

}  // namespace ballast
