// The tokens whose rows of embedding and head a shard has: V of the vocabulary in a block. Where the model is whole,
// all of them.
#pragma once
#include <torch/types.h>

#include "workers/model/logit_rows.h"
#include "workers/model/shards.h"

namespace ballast {

struct VocabularyShard {
  Shards shards = {};
  std::int64_t vocab = 0;  // of the whole model; means something only where it is cut

  // Rows tokens_N (int64) of a table that is cut like the vocabulary, [N, E]: a sum over the shards, of which this
  // shard's part has the rows of other shards zero. Differentiable.
  torch::Tensor embed(const torch::Tensor& table_VE, const torch::Tensor& tokens_N) const;

  // The ids (int64) as they count in the block; -1 for those outside.
  torch::Tensor local_ids(const torch::Tensor& ids_M) const;

  // As `row_log_probs` of the logits of all shards, the same bits on each; ids_M are those of the whole vocabulary.
  RowLogProbs log_probs(const torch::Tensor& logits_MV, const torch::Tensor& ids_M) const;

  // Rows of the longest block: the same on all shards.
  std::int64_t longest_block(const torch::Tensor& weight_VE) const;
};

}  // namespace ballast
