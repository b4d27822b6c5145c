// A micro-batch of rollouts as the models take it.
#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "workers/batch_store.h"
#include "workers/model/packed_tokens.h"

namespace ballast {

// B rows, L = max_length, T = L - 1.
struct RolloutBatch {
  PackedTokens packed;
  at::Tensor mask_BT;  // response_mask

  static RolloutBatch from_store(const BatchStore& store, const BatchKey& key);
  // [N] values at packed positions -> [B, T], 0 elsewhere; differentiable.
  at::Tensor by_prediction(const at::Tensor& values_N) const {
    return unpack_next_token(values_N, packed, mask_BT.size(1));
  }
  // The inverse.
  at::Tensor by_token(const at::Tensor& values_BT) const { return pack_next_token(values_BT, packed); }
  // bool [N]: tokens whose follower belongs to a response.
  at::Tensor responses_N() const { return by_token(mask_BT); }
};

// The response tokens of the first `count` rows, or of all when there are fewer.
std::vector<TokenIds> first_responses(const BatchStore& store, const BatchKey& key, std::int64_t count);

}  // namespace ballast
