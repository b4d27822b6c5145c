#include "algorithms/experience.h"

#include "algorithms/masked.h"

namespace ballast {
namespace {

using Figures = std::map<std::string, torch::Tensor>;

ShapingInputs shaping_inputs(const ScoredRollout& rollout, const Judgement& judgement) {
  return {.log_probs_BT = rollout.log_probs_BT,
          .ref_log_probs_BT = rollout.ref_log_probs_BT,
          .scores_BT = judgement.scores_BT,
          .mask_BT = rollout.mask_BT};
}

AdvantagesAndReturns response_gae(const GaeInputs& inputs, const GaeConfig& config) {
  const auto [advantages_BT, returns_BT] = gae(inputs, config);
  return {.advantages_BT = advantages_BT * inputs.mask_BT, .returns_BT = returns_BT * inputs.mask_BT};
}

/// What the two sides, reward and cost, have in common: `side` is the prefix of the figures' names.
AdvantagesAndReturns judge(const std::string& side, const Judgement& judgement, const GaeInputs& inputs,
                           const GaeConfig& config, Figures& figures) {
  const auto result = response_gae(inputs, config);
  figures[side] = masked_row_sum(judgement.scores_BT, inputs.mask_BT);
  figures[side + "_with_kl_penalty"] = masked_row_sum(inputs.rewards_BT, inputs.mask_BT);
  figures[side + "_advantage"] = masked_row_mean_or_zero(result.advantages_BT, inputs.mask_BT);
  figures[side + "_return"] = masked_row_mean_or_zero(result.returns_BT, inputs.mask_BT);
  return result;
}

}  // namespace

Experience make_experience(const ScoredRollout& rollout, const PpoConfig& config) {
  const torch::NoGradGuard no_grad;
  Experience experience;
  auto& figures = experience.figures;

  const auto reward_inputs = shaping_inputs(rollout, rollout.reward);
  experience.reward = judge("reward", rollout.reward,
                            {.values_BT = rollout.reward.values_BT,
                             .rewards_BT = shape_rewards(reward_inputs, config.kl),
                             .mask_BT = rollout.mask_BT},
                            config.gae, figures);
  if (rollout.cost) {
    const auto costs_BT = shape_costs(shaping_inputs(rollout, *rollout.cost), config.kl);
    experience.cost = judge("cost", *rollout.cost,
                            {.values_BT = rollout.cost->values_BT, .rewards_BT = costs_BT, .mask_BT = rollout.mask_BT},
                            config.gae, figures);
  }
  figures["kl_divergence"] = kl_divergence(reward_inputs);
  figures["generated_length"] = rollout.mask_BT.sum(1);
  for (auto& [name, figure_B] : figures) {
    figure_B = figure_B.to(torch::kFloat64);
  }
  return experience;
}

}  // namespace ballast
