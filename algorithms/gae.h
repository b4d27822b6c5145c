// Generalised advantage estimation (Schulman et al. 2016, eq. 16). B samples, T positions.
#pragma once
#include <torch/types.h>

namespace ballast {

struct GaeConfig {
  double gamma = 1.0;
  double gae_lambda = 0.95;

  template <typename Fields>
  void describe(Fields& field) {
    field("gamma", gamma, "discount").at_least(0.0).at_most(1.0);
    field("gae_lambda", gae_lambda, "trade between bias (0) and variance (1) of the advantages")
        .at_least(0.0)
        .at_most(1.0);
  }
};

struct GaeInputs {
  torch::Tensor values_BT;
  torch::Tensor rewards_BT;
  torch::Tensor mask_BT;
};

/// A_t and the critic's target A_t + v_t, both [B, T] and without gradient.
struct AdvantagesAndReturns {
  torch::Tensor advantages_BT;
  torch::Tensor returns_BT;
};

/// Values and rewards count where the mask is set and are 0 elsewhere; then for t = T-1 .. 0
///   delta_t = r_t + gamma v_{t+1} - v_t,  A_t = delta_t + gamma gae_lambda A_{t+1},  with v_T = A_T = 0.
/// Behind a row's last masked position A is 0; before the first (the prompt) and in holes it is not: mask what you use.
/// No whitening.
AdvantagesAndReturns gae(const GaeInputs& inputs, const GaeConfig& config);

}  // namespace ballast
