#include "workers/rollout_batch.h"

#include "algorithms/masked.h"

namespace ballast {

RolloutBatch RolloutBatch::from_store(const BatchStore& store, const BatchKey& key) {
  const auto& tokens_BL = store.get(key, Field::Tokens);
  const auto& lengths_B = store.get(key, Field::Lengths);
  return {.rows = pack_lengths(tokens_BL, lengths_B),
          .mask_BT = response_mask(store.get(key, Field::PromptLengths), lengths_B, tokens_BL.size(1) - 1)};
}

}  // namespace ballast
