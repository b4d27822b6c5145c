// Rewards and costs shaped by the KL divergence from the reference model.
// B samples, T = max_length - 1 positions; position t holds the prediction of token t + 1.
#pragma once
#include <torch/types.h>

namespace ballast {

struct KlConfig {
  double kl_coeff = 0.01;
  double clip_range_score = 50.0;

  template <typename Fields>
  void describe(Fields& field) {
    field("kl_coeff", kl_coeff, "beta: weight of the KL penalty, in full on rewards and on costs").at_least(0.0);
    field("clip_range_score", clip_range_score, "shaped rewards and costs are clamped to +- this").above(0.0);
  }
};

/// What shaping needs: log-probabilities of policy and reference, token rewards or costs (a sequence's score sits at
/// its last response token) [B, T], and the mask [B, T] bool.
struct ShapingInputs {
  torch::Tensor log_probs_BT;
  torch::Tensor ref_log_probs_BT;
  torch::Tensor scores_BT;
  torch::Tensor mask_BT;
};

/// [B, T]: the k1 estimate of each token's KL, log pi - log pi_ref. Unbiased; single values may be negative.
torch::Tensor kl_k1(const torch::Tensor& log_probs_BT, const torch::Tensor& ref_log_probs_BT);

/// [B]: kl_k1 summed over each row's response; the metric kl_divergence is its mean over rows.
torch::Tensor kl_divergence(const ShapingInputs& inputs);

/// [B, T]: r_t = clamp(-beta kl_t + reward_t, +-clip_range_score). The clamp comes after the sum. Positions outside the
/// mask hold their KL term too.
torch::Tensor shape_rewards(const ShapingInputs& inputs, const KlConfig& config);

/// [B, T]: c_t = clamp(+beta kl_t + cost_t, +-clip_range_score).
torch::Tensor shape_costs(const ShapingInputs& inputs, const KlConfig& config);

}  // namespace ballast
