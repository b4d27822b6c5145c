#include "tests/golden/maths_runners.h"

#include <algorithm>

#include "algorithms/end_scores.h"
#include "algorithms/gae.h"
#include "algorithms/kl.h"
#include "algorithms/lagrange.h"
#include "algorithms/language_model_loss.h"
#include "algorithms/log_probs.h"
#include "algorithms/masked.h"
#include "algorithms/normalizer.h"
#include "algorithms/ppo_lag.h"
#include "algorithms/ppo_loss.h"
#include "algorithms/rewards/reward_function.h"

namespace ballast::golden {
namespace {

struct LossAndGradient {
  torch::Tensor loss;
  torch::Tensor gradient;
};

LossAndGradient with_gradient(const torch::Tensor& loss, const torch::Tensor& leaf) {
  return {.loss = loss.detach(), .gradient = torch::autograd::grad({loss}, {leaf})[0]};
}

LossAndGradient actor_loss(const GoldenCase& golden_case, const torch::Tensor& advantages) {
  const auto log_probs = golden_case.leaf("log_probs");
  const auto loss = policy_loss(
      {.log_probs_BT = log_probs, .old_log_probs_BT = golden_case.input("old_log_probs"), .advantages_BT = advantages},
      golden_case.param<double>("clip_range_ratio"));
  return with_gradient(masked_mean(loss, golden_case.input("mask")), log_probs);
}

Normalization normalization_named(const std::string& name) {
  const auto& names = enum_names(Normalization{});
  return std::find_if(names.begin(), names.end(), [&](const auto& entry) { return entry.second == name; })->first;
}

}  // namespace

Outputs run_actor_loss(const GoldenCase& golden_case) {
  const auto reward_advantages = golden_case.input("reward_advantages");
  const auto combined =
      combined_advantages(reward_advantages, golden_case.input("cost_advantages"), golden_case.param<double>("lambda"));
  const auto ppo = actor_loss(golden_case, reward_advantages);
  const auto ppo_lag = actor_loss(golden_case, combined);
  return {{"ppo_loss", ppo.loss},
          {"ppo_grad_log_probs", ppo.gradient},
          {"ppo_lag_loss", ppo_lag.loss},
          {"ppo_lag_grad_log_probs", ppo_lag.gradient}};
}

Outputs run_critic_loss(const GoldenCase& golden_case) {
  const auto values = golden_case.leaf("values");
  const auto loss = critic_loss({.values_BT = values,
                                 .old_values_BT = golden_case.input("old_values"),
                                 .returns_BT = golden_case.input("returns")},
                                golden_case.param<double>("clip_range_value"));
  const auto result = with_gradient(masked_mean(loss, golden_case.input("mask")), values);
  return {{"loss", result.loss}, {"grad_values", result.gradient}};
}

Outputs run_end_scores(const GoldenCase& golden_case) {
  const auto hidden = golden_case.input("last_hidden_state");
  const auto mask = golden_case.input("attention_mask");
  std::optional<torch::Tensor> bias;
  if (golden_case.inputs.contains("score_head.bias")) {
    bias = golden_case.input("score_head.bias");
  }
  auto scores = token_scores(hidden, golden_case.input("score_head.weight"), bias);
  if (golden_case.param<bool>("do_normalize")) {
    const NormalizerState state{.mean_D = golden_case.input("normalizer.mean"),
                                .var_D = golden_case.input("normalizer.var")};
    scores = normalize(scores, state, normalization_named(golden_case.param<std::string>("normalize_function")));
  }
  return {{"scores", scores},
          {"end_scores", at_end(scores, mask)},
          {"end_index", end_index(mask)},
          {"end_last_hidden_state", at_end(hidden, mask)}};
}

// The reference cuts the prompts of a batch off at one column; our masks do it row by row.
Outputs run_gae(const GoldenCase& golden_case) {
  const auto start = golden_case.param<std::int64_t>("start");
  const auto result =
      gae({.values_BT = golden_case.input("values").slice(1, start),
           .rewards_BT = golden_case.input("rewards").slice(1, start),
           .mask_BT = golden_case.input("sequence_mask").slice(1, start)},
          {.gamma = golden_case.param<double>("gamma"), .gae_lambda = golden_case.param<double>("gae_lambda")});
  return {{"advantages", result.advantages_BT}, {"returns", result.returns_BT}};
}

Outputs run_gather_log_probabilities(const GoldenCase& golden_case) {
  return {{"log_probs", gather_log_probs(golden_case.input("logits"), golden_case.input("labels"))}};
}

Outputs run_kl_shaping(const GoldenCase& golden_case) {
  const KlConfig config{.kl_coeff = golden_case.param<double>("kl_coeff"),
                        .clip_range_score = golden_case.param<double>("clip_range_score")};
  const auto reward = golden_case.input("reward");
  const auto cost = golden_case.input("cost");
  const auto inputs = [&](const torch::Tensor& score) {
    return ShapingInputs{.log_probs_BT = golden_case.input("log_probs"),
                         .ref_log_probs_BT = golden_case.input("ref_log_probs"),
                         .scores_BT = at_last_response_token(score, golden_case.input("sequence_mask")),
                         .mask_BT = golden_case.input("sequence_mask")};
  };
  const auto penalized = penalized_reward(reward, cost, golden_case.param<double>("shaping_lambda"));
  return {{"ppo_rewards", shape_rewards(inputs(reward), config)},
          {"ppo_lag_rewards", shape_rewards(inputs(reward), config)},
          {"ppo_lag_costs", shape_costs(inputs(cost), config)},
          {"ppo_reward_shaping_rewards", shape_rewards(inputs(penalized), config)}};
}

// The reference takes J and J - d in float32, we in float64. So the window's mean is compared in float32, and lambda is
// moved by the reference's own J, rounded as there, to compare it in float64.
Outputs run_lambda_update(const GoldenCase& golden_case) {
  const auto threshold = golden_case.param<double>("threshold");
  LagrangeConfig config{.init = golden_case.param<double>("lambda_init"),
                        .max = std::nullopt,
                        .learning_rate = golden_case.param<double>("lambda_lr"),
                        .cost_limit = threshold,
                        .delay_steps = golden_case.param<std::int64_t>("lambda_update_delay_steps"),
                        .window = golden_case.param<std::int64_t>("episode_cost_window_size")};
  if (const auto max = golden_case.params.at("lambda_max"); !max.is_null() && max.get<double>() != 0.0) {
    config.max = max.get<double>();
  }
  LagrangeMultiplier lambda(config);
  CostWindow window(config.window);
  Outputs outputs;
  const auto& steps = golden_case.outputs.at("after_each_step");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    window.append(golden_case.inputs.at("costs_appended_before_each_step").at(i).get<std::vector<double>>());
    const auto J = steps[i].at("episode_cost").get<float>();
    lambda.update(static_cast<double>(J - static_cast<float>(threshold)) + threshold);
    const auto path = "after_each_step/" + std::to_string(i) + "/";
    outputs[path + "episode_cost"] = torch::tensor(window.mean(), torch::kFloat32);
    outputs[path + "lambda"] = torch::tensor(lambda.value(), torch::kFloat64);
    outputs[path + "log_lambda"] = torch::tensor(lambda.log_value(), torch::kFloat64);
  }
  return outputs;
}

Outputs run_masked_mean(const GoldenCase& golden_case) {
  const auto x = golden_case.input("x");
  return {{"masked_mean", masked_mean(x, golden_case.input("mask"))},
          {"mean_no_mask", masked_mean(x, torch::ones_like(x, torch::kBool))}};
}

Outputs run_normalizer(const GoldenCase& golden_case) {
  Outputs outputs;
  NormalizerState state = initial_normalizer(golden_case.input("x").size(-1));
  const bool is_running = golden_case.param<std::string>("type") == "RunningMeanStd";
  const auto& batches = golden_case.inputs.at("batches");
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const auto batch = to_tensor(batches[i]);
    state = is_running ? running_mean_std(state, batch)
                       : exponential_moving_average(state, batch, golden_case.param<double>("momentum"));
    const auto path = "after_each_batch/" + std::to_string(i) + "/";
    outputs[path + "mean"] = state.mean_D;
    outputs[path + "var"] = state.var_D;
    outputs[path + "count"] = torch::tensor({state.count});
  }
  for (const auto& [normalization, name] : enum_names(Normalization{})) {
    outputs["normalized_x/" + std::string(name)] = normalize(golden_case.input("x"), state, normalization);
  }
  return outputs;
}

Outputs run_ptx_loss(const GoldenCase& golden_case) {
  const auto logits = golden_case.leaf("logits");
  const auto targets = next_token_targets(golden_case.input("labels"));
  const auto loss = language_model_loss(logits.flatten(0, 1), targets.flatten(), count_targets(targets));
  const auto result = with_gradient(loss, logits);
  return {{"ptx_loss", result.loss},
          {"backward_loss", golden_case.param<double>("ptx_coeff") * result.loss},
          {"grad_logits_of_ptx_loss", result.gradient}};
}

}  // namespace ballast::golden
