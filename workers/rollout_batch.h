// A micro-batch of rollouts as the models take it.
#pragma once
#include <ATen/core/Tensor.h>

#include "workers/batch_store.h"
#include "workers/model/packed_tokens.h"

namespace ballast {

// B rows, L = max_length, T = L - 1.
struct RolloutBatch {
  PackedBatch rows;
  at::Tensor mask_BT;  // response_mask

  static RolloutBatch from_store(const BatchStore& store, const BatchKey& key);
  const PackedTokens& packed() const { return rows.packed; }
  // [N] values at packed positions -> [B, T], 0 elsewhere; differentiable.
  at::Tensor by_prediction(const at::Tensor& values_N) const { return unpack_next_token(values_N, rows); }
};

}  // namespace ballast
