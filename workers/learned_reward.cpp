#include "workers/learned_reward.h"

#include <fmt/format.h>

#include "workers/user_error.h"

namespace ballast {

torch::Tensor LearnedReward::score(const Rollout& rollout) const {
  const auto packed = PackedTokens::from_right_padded(rollout.tokens_BL, rollout.lengths_B);
  return at_last_response_token(model_->end_scores(packed), rollout.mask_BT);
}

TokenIds RetokenizedReward::own_tokens(const torch::Tensor& tokens_L) const {
  const std::span ids(tokens_L.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(tokens_L.size(0)));
  const auto tokens =
      tokenizers_.own->encode(tokenizers_.actor->decode(ids) + tokenizers_.own->special_tokens().eos_text);
  const auto positions = model_->config().max_positions;
  if (static_cast<std::int64_t>(tokens.size()) > positions) {
    throw UserError(
        fmt::format("a response of {} tokens has {} in the tokenizer of the reward or cost model, which has "
                    "only {} positions; allowed: a shorter batch.max_length",
                    ids.size(), tokens.size(), positions));
  }
  return tokens;
}

torch::Tensor RetokenizedReward::score(const Rollout& rollout) const {
  const auto tokens_BL = rollout.tokens_BL.cpu().contiguous();
  const auto lengths_B = rollout.lengths_B.cpu();
  std::vector<TokenIds> sequences;
  for (std::int64_t row = 0; row < tokens_BL.size(0); ++row) {
    sequences.push_back(own_tokens(tokens_BL[row].narrow(0, 0, lengths_B[row].item<std::int64_t>())));
  }
  const auto packed = PackedTokens::from_sequences(sequences).to(model_->device());
  return at_last_response_token(model_->end_scores(packed), rollout.mask_BT);
}

}  // namespace ballast
