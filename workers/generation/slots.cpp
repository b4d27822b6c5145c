#include "workers/generation/slots.h"

#include <torch/types.h>

#include "workers/generation/generation_config.h"

namespace ballast {
namespace {

constexpr std::int64_t rows_multiple = GenerationConfig::rows_multiple;

KvCache::Shape cache_shape(const ModelConfig& config, const Slots::Shape& shape) {
  return {.layers = config.layers,
          .slots = shape.slots,
          .positions = shape.positions,
          .kv_heads = config.kv_heads,
          .head_dim = config.head_dim};
}

}  // namespace

Slots::Slots(const CausalLM& model, const Shape& shape) : model_(model), cache_(cache_shape(model.config(), shape)) {}

at::Tensor Slots::forward(const std::vector<std::int64_t>& tokens, std::vector<CachePlace> places) {
  const auto positions_N = at::empty({static_cast<std::int64_t>(places.size())}, at::kLong);
  auto* positions = positions_N.mutable_data_ptr<std::int64_t>();
  for (std::size_t row = 0; row < places.size(); ++row) positions[row] = places[row].position;
  return model_.backbone().forward(at::tensor(tokens, at::kLong), positions_N,
                                   cached_attention(cache_, std::move(places)));
}

at::Tensor Slots::prefill(std::span<const Prefill> prefills) {
  std::vector<std::int64_t> tokens;
  std::vector<CachePlace> places;
  std::vector<std::int64_t> last_rows(cache_.shape().slots);
  for (const auto& [slot, prompt, situation] : prefills) {
    tokens.insert(tokens.end(), prompt.begin(), prompt.end());
    for (std::size_t i = 0; i < prompt.size(); ++i)
      places.push_back({.slot = slot, .position = static_cast<std::int64_t>(i)});
    last_rows[slot] = static_cast<std::int64_t>(tokens.size()) - 1;
  }
  const auto rows = (tokens.size() + rows_multiple - 1) / rows_multiple * rows_multiple;
  tokens.resize(rows);
  places.resize(rows);
  const auto hidden_NE = forward(tokens, std::move(places));
  return model_.logits(hidden_NE.index_select(0, at::tensor(last_rows, at::kLong))).to(at::kFloat).contiguous();
}

at::Tensor Slots::decode(std::span<const Continuation> continuations) {
  std::vector<std::int64_t> tokens(cache_.shape().slots);
  std::vector<CachePlace> places(cache_.shape().slots);
  for (const auto& [slot, token, position, situation] : continuations) {
    tokens[slot] = token;
    places[slot] = {.slot = slot, .position = position};
  }
  return model_.logits(forward(tokens, std::move(places))).to(at::kFloat).contiguous();
}

}  // namespace ballast
