#include <algorithm>

#include "algorithms/dpo_loss.h"
#include "algorithms/log_probs.h"
#include "algorithms/preference_loss.h"
#include "tests/golden/maths_runners.h"

namespace ballast::golden {
namespace {

TokenPairs token_pairs(const GoldenCase& golden_case, const std::string& preferred, const std::string& other) {
  return {.preferred_ids_BL = golden_case.input(preferred + "_input_ids"),
          .preferred_mask_BL = golden_case.input(preferred + "_attention_mask"),
          .other_ids_BL = golden_case.input(other + "_input_ids"),
          .other_mask_BL = golden_case.input(other + "_attention_mask")};
}

PreferenceLossConfig preference_config(const GoldenCase& golden_case) {
  const bool is_token_wise = golden_case.param<std::string>("loss_type") == "token-wise";
  return {.loss_type = is_token_wise ? PreferenceLossType::TokenWise : PreferenceLossType::SequenceWise,
          .regularization = golden_case.param<double>("regularization")};
}

torch::Tensor share_of(const torch::Tensor& condition) { return condition.to(torch::kFloat32).mean(); }

}  // namespace

Outputs run_reward_loss(const GoldenCase& golden_case) {
  const auto scores = golden_case.leaf("scores");
  const auto result = reward_loss(scores, token_pairs(golden_case, "first", "second"), preference_config(golden_case));
  const auto loss = result.loss_B.mean();
  return {{"loss", loss.detach()},
          {"accuracy", share_of(result.correct_B)},
          {"higher_end_reward", result.preferred_end_scores_B},
          {"lower_end_reward", result.other_end_scores_B},
          {"grad_scores", torch::autograd::grad({loss}, {scores})[0]}};
}

Outputs run_cost_loss(const GoldenCase& golden_case) {
  const auto scores = golden_case.leaf("scores");
  const auto signs = torch::cat({golden_case.input("safer_safety_sign"), golden_case.input("unsafer_safety_sign")});
  const auto result =
      cost_loss(scores, signs, token_pairs(golden_case, "first", "second"), preference_config(golden_case));
  const auto loss = result.loss_B.mean();
  return {{"loss", loss.detach()},
          {"accuracy", share_of(result.correct_B)},
          {"accuracy_sign", share_of(result.sign_correct_2B)},
          {"higher_end_cost", result.other_end_scores_B},
          {"lower_end_cost", result.preferred_end_scores_B},
          {"grad_scores", torch::autograd::grad({loss}, {scores})[0]}};
}

Outputs run_dpo_loss(const GoldenCase& golden_case) {
  const auto pairs = token_pairs(golden_case, "better", "worse");
  const auto next_ids = torch::cat({pairs.preferred_ids_BL, pairs.other_ids_BL}).slice(1, 1);
  const auto log_probs_of = [&](const torch::Tensor& logits) {
    return gather_log_probs(logits.slice(1, 0, logits.size(1) - 1), next_ids);
  };
  const auto logits = golden_case.leaf("logits");
  const auto result = dpo_loss(log_probs_of(logits), log_probs_of(golden_case.input("ref_logits")), pairs,
                               {.scale_coeff = golden_case.param<double>("scale_coeff"), .slice = DpoSlice::Reference});
  const auto loss = result.loss_B.mean();
  return {{"loss", loss.detach()},
          {"reward", result.preferred_rewards_B + result.other_rewards_B},
          {"better_sample_reward", result.preferred_rewards_B},
          {"worse_sample_reward", result.other_rewards_B},
          {"reward_accuracy", share_of(result.preferred_rewards_B > result.other_rewards_B)},
          {"reward_margin", result.preferred_rewards_B - result.other_rewards_B},
          {"grad_logits", torch::autograd::grad({loss}, {logits})[0]}};
}

}  // namespace ballast::golden
