#include "workers/model/sharding.h"

#include <fmt/format.h>

#include <algorithm>

namespace ballast {
namespace {

// The names of config.json's fields.
struct FieldNames {
  const char* vocab = "vocab_size";
  const char* heads = "num_attention_heads";
  const char* kv_heads = "num_key_value_heads";
  const char* intermediate = "intermediate_size";
  const char* positions = "max_position_embeddings";
};

FieldNames field_names(Family family) {
  if (family != Family::Gpt2) return {};
  return {.heads = "n_head", .kv_heads = "n_head", .intermediate = "n_inner", .positions = "n_positions"};
}

void require(bool allowed, const Shard& shard, const char* field, std::int64_t found, std::string_view what) {
  if (!allowed)
    throw ModelError(fmt::format("config.json: field '{}': found {}; allowed with tensor_parallel {}: {}", field, found,
                                 shard.count, what));
}

void require_multiple(const Shard& shard, const char* field, std::int64_t found) {
  require(found % shard.count == 0, shard, field, found, fmt::format("a multiple of {}", shard.count));
}

// No shard is left with nothing: a table of 9 rows fills 3 blocks of 3.
void require_rows(const Shard& shard, const char* field, std::int64_t found) {
  require(block_of(found, shard.count, shard.count - 1).size() > 0, shard, field, found,
          fmt::format("a number that fills {} equal blocks, the last of which may be shorter", shard.count));
}

}  // namespace

IndexRange block_of(std::int64_t extent, std::int64_t blocks, std::int64_t number) {
  const std::int64_t size = (extent + blocks - 1) / blocks;
  return {std::min(extent, number * size), std::min(extent, (number + 1) * size)};
}

std::vector<IndexRange> ParameterSlice::ranges() const {
  const std::int64_t piece = extent / pieces;
  const IndexRange block = block_of(piece, shard.count / copies, shard.index / copies);
  std::vector<IndexRange> all;
  for (std::int64_t i = 0; i < pieces; ++i) all.push_back({i * piece + block.begin, i * piece + block.end});
  return all;
}

std::int64_t ParameterSlice::size() const { return pieces * ranges().front().size(); }

ParameterSlice replicated(const Shard& shard) { return {.shard = shard, .copies = shard.count}; }

ParameterSlice cut(const Shard& shard, std::int64_t dimension, std::int64_t extent) {
  return {.shard = shard, .dimension = dimension, .extent = extent};
}

ParameterSlice cut_keys(const Shard& shard, const ModelConfig& config) {
  const auto copies = std::max<std::int64_t>(1, shard.count / config.kv_heads);
  return {.shard = shard, .copies = static_cast<int>(copies), .extent = config.kv_heads * config.head_dim};
}

void require_cuttable(const ModelConfig& config, const Shard& shard) {
  const FieldNames names = field_names(config.family);
  require_multiple(shard, names.heads, config.heads);
  require(config.kv_heads % shard.count == 0 || shard.count % config.kv_heads == 0, shard, names.kv_heads,
          config.kv_heads, "a multiple or a divisor of it");
  require_multiple(shard, names.intermediate, config.intermediate);
  require_rows(shard, names.vocab, config.vocab);
  if (config.family == Family::Gpt2) require_rows(shard, names.positions, config.max_positions);
}

ModelConfig local_config(ModelConfig config, const Shard& shard) {
  require_cuttable(config, shard);
  config.heads /= shard.count;
  config.kv_heads = std::max<std::int64_t>(1, config.kv_heads / shard.count);
  config.intermediate /= shard.count;
  return config;
}

IndexRange local_vocabulary(const ModelConfig& config, const Shard& shard) {
  return block_of(config.vocab, shard.count, shard.index);
}

}  // namespace ballast
