#include "workers/rollout_batch.h"

#include <ATen/ops/arange.h>

#include "algorithms/masked.h"

namespace ballast {

RolloutBatch RolloutBatch::from_store(const BatchStore& store, const BatchKey& key) {
  const auto& tokens_BL = store.get(key, Field::Tokens);
  const auto& lengths_B = store.get(key, Field::Lengths);
  const auto mask_BL = at::arange(tokens_BL.size(1)).unsqueeze(0) < lengths_B.unsqueeze(1);
  return {.packed = PackedTokens::from_padded(tokens_BL, mask_BL),
          .mask_BT = response_mask(store.get(key, Field::PromptLengths), lengths_B, tokens_BL.size(1) - 1),
          .T = tokens_BL.size(1) - 1};
}

at::Tensor RolloutBatch::by_prediction(const at::Tensor& values_N) const {
  return unpack_next_token(values_N, packed, T);
}

}  // namespace ballast
