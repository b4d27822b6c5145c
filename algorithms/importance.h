// Corrects for rollouts that an older policy generated. B samples, T positions.
#pragma once
#include <torch/types.h>

namespace ballast {

/// Log-probabilities [B, T] of the rollout's tokens under the policy that generated them (behaviour) and under the one
/// whose update begins (proximal), which the clipped ratio is taken against.
struct ImportanceInputs {
  torch::Tensor proximal_log_probs_BT;
  torch::Tensor behaviour_log_probs_BT;
};

/// [B, T]: w = min(rho_max, pi_prox / pi_behave), no gradient. Each token's clipped loss, with rho = pi / pi_prox, is
/// multiplied by its w: so the expectation is over the proximal policy's tokens although an older one drew them
/// (decoupled PPO: Hilton et al. 2022, eq. 8; truncated as in IMPALA, Espeholt et al. 2018: bounded variance for some
/// bias). Both policies the same: w is exactly 1. The behaviour policy is the older model at temperature 1, as in the
/// ratio; what temperature, top-k and top-p did to the draws is not corrected.
torch::Tensor importance_weights(const ImportanceInputs& inputs, double max_weight);

}  // namespace ballast
