#include "launch/bench/model_cost.h"

namespace ballast {
namespace {

double head_weights(const ModelConfig& model) { return static_cast<double>(model.vocab * model.hidden); }

double bytes_of(ComputeDType dtype) { return dtype == ComputeDType::float32 ? 4.0 : 2.0; }

}  // namespace

double layer_weights(const ModelConfig& model) {
  const auto query = static_cast<double>(model.heads * model.head_dim);
  const auto key = static_cast<double>(model.kv_heads * model.head_dim);
  const double projections = model.family == Family::Gpt2 ? 2.0 : 3.0;  // SwiGLU has a gate
  const auto hidden = static_cast<double>(model.hidden);
  return hidden * (2.0 * query + 2.0 * key + projections * static_cast<double>(model.intermediate));
}

Cost forward_cost(const ModelConfig& model, ComputeDType dtype, const RowsOfTokens& tokens) {
  const auto rows = static_cast<double>(tokens.rows);
  const auto first = static_cast<double>(tokens.first);
  const auto last = static_cast<double>(tokens.last);
  const auto layers = static_cast<double>(model.layers);
  const auto logits = static_cast<double>(tokens.logits);
  const double weights = layers * layer_weights(model);
  const double keys_met = rows * (last * (last + 1.0) - first * (first + 1.0)) / 2.0;  // each token meets itself too
  const double attention = 4.0 * layers * static_cast<double>(model.heads * model.head_dim) * keys_met;
  const double cached = rows * first * layers * 2.0 * static_cast<double>(model.kv_heads * model.head_dim);
  return {.flops = 2.0 * weights * rows * (last - first) + 2.0 * head_weights(model) * logits + attention,
          .bytes = bytes_of(dtype) * (weights + (logits > 0.0 ? head_weights(model) : 0.0)) + 4.0 * cached};
}

Cost train_step_cost(const ModelConfig& model, ComputeDType dtype, const RowsOfTokens& tokens) {
  const double embedding = model.tied_embeddings ? 0.0 : head_weights(model);
  const double parameters = static_cast<double>(model.layers) * layer_weights(model) + head_weights(model) + embedding;
  return forward_cost(model, dtype, tokens) * 3.0 + Cost{.flops = 0.0, .bytes = 7.0 * 4.0 * parameters};
}

}  // namespace ballast
