#include "workers/model/vocabulary_shard.h"

#include "workers/model/between_shards.h"
#include "workers/model/layers.h"

namespace ballast {

torch::Tensor VocabularyShard::embed(const torch::Tensor& table_VE, const torch::Tensor& tokens_N) const {
  if (shards.count() == 1) return ballast::embed(table_VE, tokens_N);
  const torch::Tensor local_N = local_ids(tokens_N);
  return ballast::embed(table_VE, local_N.clamp_min(0)).masked_fill((local_N < 0).unsqueeze(1), 0.0);
}

torch::Tensor VocabularyShard::local_ids(const torch::Tensor& ids_M) const {
  if (shards.count() == 1) return ids_M;
  const IndexRange block = block_of(vocab, shards.count(), shards.index());
  return at::where((ids_M >= block.begin).logical_and(ids_M < block.end), ids_M - block.begin, -1);
}

// log p(id) = (logit - own normaliser) + (own normaliser - normaliser of all), the first from the shard that has the
// id: small numbers, and no logit is taken apart from its normaliser.
RowLogProbs VocabularyShard::log_probs(const torch::Tensor& logits_MV, const torch::Tensor& ids_M) const {
  if (shards.count() == 1) return row_log_probs(logits_MV, ids_M);
  const RowLogProbs own = row_log_probs(logits_MV, local_ids(ids_M).clamp_min(0));
  const torch::Tensor all_S2M = of_all_shards(shards, torch::stack({own.log_probs_M, own.normalisers_M}));
  const torch::Tensor normalisers_M = all_S2M.select(1, 1).logsumexp(0);
  const torch::Tensor owners_1M = ids_M.floor_divide(block_of(vocab, shards.count(), 0).size()).unsqueeze(0);
  const auto of_owner = [&](std::int64_t which) { return all_S2M.select(1, which).gather(0, owners_1M).squeeze(0); };
  return {of_owner(0) + (of_owner(1) - normalisers_M), normalisers_M};
}

std::int64_t VocabularyShard::longest_block(const torch::Tensor& weight_VE) const {
  return shards.count() == 1 ? weight_VE.size(0) : block_of(vocab, shards.count(), 0).size();
}

}  // namespace ballast
