// The clipped losses of PPO (Schulman et al. 2017, eq. 7), one value a token; algorithms/masked.h reduces them.
// B samples, T positions.
#pragma once
#include <torch/types.h>

namespace ballast {

struct PpoClipConfig {
  double clip_range_ratio = 0.2;
  double clip_range_value = 5.0;

  template <typename Fields>
  void describe(Fields& field) {
    field("clip_range_ratio", clip_range_ratio, "epsilon: the probability ratio counts within 1 +- this").above(0.0);
    field("clip_range_value", clip_range_value, "a critic's value counts within +- this of its value at rollout")
        .above(0.0);
  }
};

struct PolicyLossInputs {
  torch::Tensor log_probs_BT;
  torch::Tensor old_log_probs_BT;
  torch::Tensor advantages_BT;
};

struct CriticLossInputs {
  torch::Tensor values_BT;
  torch::Tensor old_values_BT;
  torch::Tensor returns_BT;
};

/// [B, T]: -min(A rho, A clamp(rho, 1 - eps, 1 + eps)), rho = pi / pi_old. With a Lagrange multiplier A is the combined
/// advantage, clipped once (the paper clips reward and cost surrogates apart).
torch::Tensor policy_loss(const PolicyLossInputs& inputs, double clip_range_ratio);

/// [B, T]: max((v - R)^2, (clamp(v, v_old - c, v_old + c) - R)^2) / 2.
torch::Tensor critic_loss(const CriticLossInputs& inputs, double clip_range_value);

}  // namespace ballast
