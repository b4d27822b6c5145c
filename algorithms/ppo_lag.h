// PPO-Lagrangian: how lambda joins reward and cost. B samples, T positions.
#pragma once
#include <torch/types.h>

#include "algorithms/gae.h"
#include "algorithms/kl.h"
#include "algorithms/ppo_loss.h"

namespace ballast {

/// Settings of the RL step; the defaults are those of the reference implementation's PPO-Lag script.
struct PpoConfig {
  KlConfig kl;
  GaeConfig gae;
  PpoClipConfig clip;
  double max_importance_weight = 2.0;
  double ptx_coeff = 16.0;

  /// One flat list of keys.
  template <typename Fields>
  void describe(Fields& field) {
    kl.describe(field);
    gae.describe(field);
    clip.describe(field);
    field("max_importance_weight", max_importance_weight,
          "rho_max, one step ahead: a token's loss is weighted by pi_now / pi_generated, truncated at this")
        .at_least(1.0);
    field("ptx_coeff", ptx_coeff, "weight of the language-model loss mixed into the actor's; 0: none").at_least(0.0);
  }
};

/// [B, T]: (A_r - lambda A_c) / (1 + lambda). Rewards and costs both carry the full beta KL, with opposite signs, so
/// the combined advantage carries exactly beta KL whatever lambda is.
torch::Tensor combined_advantages(const torch::Tensor& reward_advantages_BT, const torch::Tensor& cost_advantages_BT,
                                  double lambda);

/// [B]: r - lambda c, the one scalar reward of PPO with a fixed penalty (reward shaping).
torch::Tensor penalized_reward(const torch::Tensor& reward_B, const torch::Tensor& cost_B, double lambda);

}  // namespace ballast
