#include "algorithms/dpo_loss.h"

#include "algorithms/masked.h"

namespace ballast {

DpoLoss dpo_loss(const torch::Tensor& log_probs_2BT, const torch::Tensor& ref_log_probs_2BT, const TokenPairs& pairs,
                 const DpoConfig& config) {
  const auto spans = pair_spans(pairs);
  const auto first_2B = torch::cat({spans.first_difference_B, spans.first_difference_B});
  const auto end_2B = torch::cat({spans.preferred_end_B, spans.other_end_B});
  const std::int64_t shift = config.slice == DpoSlice::Correct ? 1 : 0;
  const auto index_T = torch::arange(log_probs_2BT.size(1), first_2B.options()) + shift;
  const auto slice_2BT = (index_T >= first_2B.unsqueeze(1)) & (index_T <= end_2B.unsqueeze(1));

  const auto log_ratios_2B = masked_row_sum(log_probs_2BT - ref_log_probs_2BT, slice_2BT);
  const auto rewards = (config.scale_coeff * log_ratios_2B).chunk(2, 0);
  return {.loss_B = -torch::log_sigmoid(rewards[0] - rewards[1]),
          .preferred_rewards_B = rewards[0].detach(),
          .other_rewards_B = rewards[1].detach()};
}

}  // namespace ballast
