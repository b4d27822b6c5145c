// E = hidden, Q = queries, K = keys (heads times their size), I = intermediate, of one shard; V = its vocabulary; N
// tokens.
#include "launch/activation_memory.h"

#include <algorithm>

namespace ballast {
namespace {

constexpr std::int64_t bytes_of_float = 4;

std::int64_t divided_up(std::int64_t size, std::int64_t parts) { return (size + parts - 1) / parts; }

// Elements for each token, but for the last two.
struct Widths {
  explicit Widths(const PassShape& shape)
      : E(shape.model.hidden),
        // Norms and the stream are cut by tokens.
        S(divided_up(E, shape.shards)),
        heads(divided_up(shape.model.heads, shape.shards)),
        Q(heads * shape.model.head_dim),
        K(divided_up(shape.model.kv_heads, shape.shards) * shape.model.head_dim),
        I(divided_up(shape.model.intermediate, shape.shards)),
        V(divided_up(shape.model.vocab, shape.shards)),
        element(shape.dtype == ComputeDType::float32 ? 4 : 2) {}

  std::int64_t E, S, heads, Q, K, I;
  std::int64_t V;        // rows of the head
  std::int64_t element;  // bytes
};

bool is_gpt2(const PassShape& shape) { return shape.model.family == Family::Gpt2; }

// What one layer leaves for its backward pass, bytes a token.
std::int64_t layer_kept(const PassShape& shape, const Widths& w) {
  // The normed input, queries with keys and values, attention's output twice, the sum, its norm, up twice, the sum.
  if (is_gpt2(shape)) return (w.E + 5 * w.Q + 2 * w.S + w.E + 2 * w.I) * w.element + w.heads * bytes_of_float;
  const std::int64_t sums = 2 * w.S, normed = 2 * w.E;
  std::int64_t attention = w.Q + 2 * w.K + w.Q;  // joined input, output
  std::int64_t gated = 3 * w.I;                  // gate and up, their product
  if (shape.on_gpu) {
    attention += w.Q + w.K + 4 * shape.model.head_dim;  // what was turned, angles in the model's dtype
    gated += w.I;                                       // the gate's silu
  }
  return (sums + normed + attention + gated) * w.element + (w.heads + 2) * bytes_of_float;
}

// The most that the backward pass of the last layer adds to what is kept, of which it frees parts on its way.
std::int64_t layer_transient(const PassShape& shape, const Widths& w) {
  const std::int64_t N = shape.tokens;
  const std::int64_t norms = 3 * w.E * N;
  const std::int64_t down = (w.E + w.I) * N + w.E * w.I;
  const std::int64_t gate = (w.E + 2 * w.I) * N;                // after the input of `down` is freed
  const std::int64_t up = (2 * w.E - w.I) * N + 2 * w.I * w.E;  // after the gate's input is freed too
  return std::max({norms, down, gate, up}) * w.element;
}

std::int64_t kept_between_layers(const PassShape& shape, const Widths& w) {
  const std::int64_t layer = shape.checkpointing ? (is_gpt2(shape) ? 1 : 2) * w.S * w.element : layer_kept(shape, w);
  const std::int64_t angles = is_gpt2(shape) ? 0 : 2 * shape.model.head_dim * bytes_of_float;
  const std::int64_t ids = 3 * 8;
  // The hidden states; the embedded tokens are a layer's state where these are what is kept.
  const std::int64_t ends = (w.E + (shape.checkpointing ? 0 : w.S)) * w.element;
  return shape.tokens * (shape.model.layers * layer + ends + angles + ids);
}

// The most during the backward pass of the backbone, whose gradient has arrived.
std::int64_t backbone_training(const PassShape& shape, const Widths& w) {
  const std::int64_t recomputed = shape.checkpointing ? shape.tokens * layer_kept(shape, w) : 0;
  const std::int64_t last_layer = kept_between_layers(shape, w) + recomputed + layer_transient(shape, w);
  // The embedding's gradient is summed in float32, then cast.
  const std::int64_t cast = shape.dtype == ComputeDType::float32 ? 0 : w.element;
  const std::int64_t embedding = w.V * w.E * (bytes_of_float + cast) + 3 * shape.tokens * w.E * w.element;
  return std::max(last_layer, embedding);
}

// The most during a forward pass that keeps nothing: a layer's input and output, and between them its MLP.
std::int64_t backbone_scoring(const PassShape& shape, const Widths& w) {
  const std::int64_t attention = is_gpt2(shape) ? 2 * w.S + 2 * w.E + 5 * w.Q : 3 * w.S + 3 * w.E + 2 * w.Q + 2 * w.K;
  const std::int64_t mlp = is_gpt2(shape) ? 2 * w.S + 2 * w.E + 2 * w.I : 3 * w.S + 3 * w.E + 3 * w.I;
  const std::int64_t angles = is_gpt2(shape) ? 0 : 2 * shape.model.head_dim * bytes_of_float;
  return shape.tokens * (std::max(attention, mlp) * w.element + angles + 3 * 8);
}

// Slices of logits as workers/model/token_log_probs.cpp makes them.
std::int64_t logits_bytes(const PassShape& shape, const Widths& w) {
  const std::int64_t most_rows = shape.on_gpu ? 4096 : 512;
  const std::int64_t in_memory = std::int64_t{1} << (shape.on_gpu ? 27 : 24);
  const std::int64_t rows = std::clamp<std::int64_t>(in_memory / w.V / 16 * 16, 16, most_rows);
  return std::min(rows, shape.tokens) * w.V * w.element;
}

}  // namespace

ActivationMemory language_model_activations(const PassShape& shape) {
  const Widths w(shape);
  const std::int64_t kept = kept_between_layers(shape, w);
  const std::int64_t logits = logits_bytes(shape, w);
  const std::int64_t selected = shape.tokens * w.E * w.element;
  // Of the head, the gradient of its weight in float32; in bfloat16 one slice's share of it beside.
  const std::int64_t share = shape.dtype == ComputeDType::float32 ? 0 : w.V * w.E * w.element;
  const std::int64_t loss = kept + 2 * selected + w.V * w.E * bytes_of_float + share + logits;
  return {.kept = kept,
          .training = std::max(loss, backbone_training(shape, w)),
          .scoring = std::max(backbone_scoring(shape, w), 3 * selected + logits)};
}

ActivationMemory score_model_activations(const PassShape& shape) {
  const Widths w(shape);
  const std::int64_t raised = shape.dtype == ComputeDType::float32 ? 0 : shape.tokens * w.E * bytes_of_float;
  const std::int64_t head =
      raised + shape.tokens * w.E * (bytes_of_float + w.element);  // gradients of the hidden states
  const std::int64_t kept = kept_between_layers(shape, w) + raised;
  return {.kept = kept,
          .training = std::max(kept + head, backbone_training(shape, w)),
          .scoring = std::max(backbone_scoring(shape, w), 2 * shape.tokens * w.E * w.element + raised)};
}

std::int64_t decoding_rows_bytes(const PassShape& shape, std::int64_t slots) {
  if (shape.on_gpu || is_gpt2(shape)) return 0;
  constexpr std::int64_t rows_at_once = 128;  // of workers/generation/llama_pass.cpp
  const Widths w(shape);
  const std::int64_t row = 3 * w.E + 2 * w.Q + 2 * w.K + 3 * w.I;
  return (rows_at_once * row + slots * (w.E + w.V)) * w.element;
}

}  // namespace ballast
