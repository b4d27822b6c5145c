// From scored rollouts to what the learners consume. B samples, T = max_length - 1 positions (see response_mask).
#pragma once
#include <torch/types.h>

#include <map>
#include <optional>
#include <string>

#include "algorithms/gae.h"
#include "algorithms/ppo_lag.h"

namespace ballast {

/// What a reward function and its critic say about rollouts: token rewards, or costs, and values [B, T].
struct Judgement {
  torch::Tensor scores_BT;
  torch::Tensor values_BT;
};

/// Log-probabilities of actor and reference [B, T], the response mask [B, T] bool, and the judgements; no cost: plain
/// PPO.
struct ScoredRollout {
  torch::Tensor log_probs_BT;
  torch::Tensor ref_log_probs_BT;
  torch::Tensor mask_BT;
  Judgement reward;
  std::optional<Judgement> cost;
};

/// Advantages and returns [B, T], 0 outside the response, and one figure a row for the metrics (name as in the metrics,
/// without "train/"; [B] float64). Each metric is the mean of its figure over the rows with a response:
///   reward, cost               sums of the scores over the response
///   reward_with_kl_penalty     sum of the shaped rewards over the response; cost_with_kl_penalty alike
///   reward_advantage, reward_return, cost_advantage, cost_return    means over the response
///   kl_divergence              sum over the response
///   generated_length           tokens of the response; the metrics are its mean and its maximum
/// A row with an empty response has 0 in every figure; leave it out of the means. (The metrics reward_value and
/// cost_value are means over the response of the critics' values at learning time: masked_row_mean_or_zero.)
struct Experience {
  AdvantagesAndReturns reward;
  std::optional<AdvantagesAndReturns> cost;
  std::map<std::string, torch::Tensor> figures;
};

/// Shapes rewards and costs with the KL divergence and estimates advantages; no gradient.
Experience make_experience(const ScoredRollout& rollout, const PpoConfig& config);

}  // namespace ballast
