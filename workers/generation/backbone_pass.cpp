#include "workers/generation/backbone_pass.h"

#include <torch/types.h>

#include <algorithm>

#include "workers/generation/cached_attention.h"
#include "workers/generation/generation_config.h"
#include "workers/memory/memory_count.h"

namespace ballast {
namespace {

std::size_t padded(std::size_t rows) {
  return rounded_up(static_cast<std::int64_t>(rows), GenerationConfig::rows_multiple);
}

}  // namespace

void BackbonePass::begin(std::int64_t slots, std::int64_t positions) {
  const MemoryScope scope(MemoryClass::KvCache);
  const ModelConfig config = local_config(model_.config(), model_.shards().shard());
  cache_.emplace(CacheShape{.layers = config.layers,
                            .slots = slots,
                            .positions = positions,
                            .kv_heads = config.kv_heads,
                            .head_dim = config.head_dim});
}

void BackbonePass::run(const PassRows& rows, std::span<const std::int64_t> wanted, float* logits) {
  auto tokens = rows.tokens;
  auto places = rows.places;
  tokens.resize(padded(tokens.size()));
  places.resize(tokens.size());
  std::vector<std::int64_t> positions;
  for (const auto& place : places) positions.push_back(place.position);
  std::vector<std::int64_t> heads(wanted.begin(), wanted.end());
  heads.resize(padded(heads.size()));

  const auto on_device = [&](const std::vector<std::int64_t>& ids) {
    return at::tensor(ids, at::kLong).to(model_.device());
  };
  const auto hidden_NE =
      model_.backbone().forward(on_device(tokens), on_device(positions), cached_attention(*cache_, std::move(places)));
  const auto logits_WV = model_.logits(hidden_NE.index_select(0, on_device(heads))).to(at::kCPU).contiguous();
  std::copy_n(logits_WV.const_data_ptr<float>(), wanted.size() * logits_WV.size(1), logits);
}

void BackbonePass::copy(std::int64_t from, std::int64_t to, std::int64_t positions) {
  cache_->copy(from, to, positions);
}

}  // namespace ballast
