#include "workers/rollout_batch.h"

#include <algorithm>

#include "algorithms/masked.h"

namespace ballast {

RolloutBatch RolloutBatch::from_store(const BatchStore& store, const BatchKey& key) {
  const auto& tokens_BL = store.get(key, Field::Tokens);
  const auto& lengths_B = store.get(key, Field::Lengths);
  return {.packed = PackedTokens::from_right_padded(tokens_BL, lengths_B),
          .mask_BT = response_mask(store.get(key, Field::PromptLengths), lengths_B, tokens_BL.size(1) - 1)};
}

std::vector<TokenIds> first_responses(const BatchStore& store, const BatchKey& key, std::int64_t count) {
  const auto tokens_BL = store.get(key, Field::Tokens).cpu();
  const auto prompt_lengths_B = store.get(key, Field::PromptLengths).cpu();
  const auto lengths_B = store.get(key, Field::Lengths).cpu();
  std::vector<TokenIds> responses;
  for (std::int64_t row = 0; row < std::min(count, tokens_BL.size(0)); ++row) {
    const auto* tokens = tokens_BL.const_data_ptr<std::int64_t>() + row * tokens_BL.size(1);
    responses.emplace_back(tokens + prompt_lengths_B[row].item<std::int64_t>(),
                           tokens + lengths_B[row].item<std::int64_t>());
  }
  return responses;
}

}  // namespace ballast
