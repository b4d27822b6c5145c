// N rows, E = hidden, H heads, K heads of keys and values, D = head_dim, F = D / 2, I = intermediate.
#include "workers/generation/llama_pass.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>
#include <optional>

#include "workers/cpu_kernels/projection.h"
#include "workers/cpu_kernels/row_kernels.h"
#include "workers/generation/cached_attention.h"
#include "workers/generation/packed_llama.h"
#include "workers/model/rotary.h"

namespace ballast {
namespace {

// More rows go through the model in parts, whose activations stay in the cache.
constexpr std::int64_t rows_at_once = 128;

// Work for one thread that is worth waking it.
constexpr std::int64_t panels_at_least = 4;
constexpr std::int64_t rows_at_least = 16;

// Rows of activations; what is not written is zero.
template <typename Element>
struct Activations {
  explicit Activations(std::int64_t rows, std::int64_t size) : stride(row_stride(size)), elements(rows * stride) {}

  Element* row(std::int64_t index) { return elements.data() + index * stride; }

  std::int64_t stride;
  AlignedVector<Element> elements;
};

// Of the positions that sequences may have, [positions, F] each.
struct RotaryTable {
  torch::Tensor cos_PF;
  torch::Tensor sin_PF;

  Angles at(std::int64_t position) const {
    const std::int64_t F = cos_PF.size(1);
    return {.cos = cos_PF.const_data_ptr<float>() + position * F,
            .sin = sin_PF.const_data_ptr<float>() + position * F,
            .size = F};
  }
};

// Float32 numbers that the model's dtype has.
RotaryTable rotary_table(const ModelConfig& config, std::int64_t positions, torch::ScalarType dtype) {
  const auto angles_PF = torch::outer(torch::arange(positions, torch::kFloat32), rotary_frequencies(config));
  const auto rounded = [&](const torch::Tensor& x) { return x.to(dtype).to(torch::kFloat32); };
  return {.cos_PF = rounded(angles_PF.cos()), .sin_PF = rounded(angles_PF.sin())};
}

template <typename Element>
class LlamaPass final : public ForwardPass {
 public:
  explicit LlamaPass(const CausalLM& model)
      : model_(model),
        stream_(rows_at_once, config().hidden),
        normed_(rows_at_once, config().hidden),
        qkv_(rows_at_once, (config().heads + 2 * config().kv_heads) * config().head_dim),
        attended_(rows_at_once, config().heads * config().head_dim),
        update_(rows_at_once, config().hidden),
        gate_(rows_at_once, config().intermediate),
        up_(rows_at_once, config().intermediate) {}

  void begin(std::int64_t slots, std::int64_t positions) override;
  void run(const PassRows& rows, std::span<const std::int64_t> wanted, float* logits) override;
  void copy(std::int64_t from, std::int64_t to, std::int64_t positions) override { cache_->copy(from, to, positions); }

 private:
  const ModelConfig& config() const { return model_.config(); }
  std::int64_t rows() const { return static_cast<std::int64_t>(places_.size()); }

  // Normed hidden states of the rows [begin, end), at most rows_at_once, into normed_.
  void run_part(const PassRows& rows, std::int64_t begin, std::int64_t end);
  void attend(const PackedLlamaLayer<Element>& layer);
  void rotate_and_keep(std::int64_t layer, std::int64_t row);
  void run_mlp(const PackedLlamaLayer<Element>& layer);
  // stream += update, if there is one; normed = norm of the stream.
  void normalise(const AlignedVector<float>& weight, bool update);
  void project_all(const PackedMatrix<Element>& weights, Activations<Element>& inputs, Activations<Element>& outputs);
  Projection<Element> projection(const PackedMatrix<Element>& weights, Activations<Element>& inputs,
                                 Activations<Element>& outputs) const;
  // float32 [rows, V] of rows of normed hidden states.
  void logits_of(Activations<Element>& hidden, std::int64_t rows, float* logits);

  const CausalLM& model_;
  std::uint64_t packed_version_ = 0;
  std::optional<PackedLlama<Element>> weights_;
  std::optional<KvCache<Element>> cache_;
  RotaryTable rotary_;
  std::vector<CachePlace> places_;  // of the rows at hand
  Activations<Element> stream_, normed_, qkv_, attended_, update_, gate_, up_;
};

template <typename Element>
void LlamaPass<Element>::begin(std::int64_t slots, std::int64_t positions) {
  const auto version = model_.parameters().version();
  if (!weights_ || version != packed_version_) weights_.emplace(model_);
  packed_version_ = version;
  if (cache_ && cache_->shape().slots == slots && cache_->shape().positions == positions) return;
  cache_.emplace(CacheShape{.layers = config().layers,
                            .slots = slots,
                            .positions = positions,
                            .kv_heads = config().kv_heads,
                            .head_dim = config().head_dim});
  rotary_ = rotary_table(config(), positions, std::is_same_v<Element, float> ? torch::kFloat32 : torch::kBFloat16);
}

template <typename Element>
void LlamaPass<Element>::run(const PassRows& rows, std::span<const std::int64_t> wanted, float* logits) {
  const auto N = static_cast<std::int64_t>(rows.tokens.size());
  const auto E = config().hidden;
  Activations<Element> hidden(static_cast<std::int64_t>(wanted.size()), E);
  std::size_t found = 0;
  for (std::int64_t begin = 0; begin < N; begin += rows_at_once) {
    const std::int64_t end = std::min(N, begin + rows_at_once);
    run_part(rows, begin, end);
    for (; found < wanted.size() && wanted[found] < end; ++found)
      std::copy_n(normed_.row(wanted[found] - begin), E, hidden.row(static_cast<std::int64_t>(found)));
  }
  logits_of(hidden, static_cast<std::int64_t>(wanted.size()), logits);
}

template <typename Element>
void LlamaPass<Element>::run_part(const PassRows& rows, std::int64_t begin, std::int64_t end) {
  places_.assign(rows.places.begin() + begin, rows.places.begin() + end);
  const auto E = config().hidden;
  for (std::int64_t row = 0; row < end - begin; ++row)
    std::copy_n(weights_->embedding + rows.tokens[begin + row] * E, E, stream_.row(row));
  bool update = false;
  for (const auto& layer : weights_->layers) {
    normalise(layer.attention_norm, update);
    attend(layer);
    normalise(layer.mlp_norm, /*update=*/true);
    run_mlp(layer);
    update = true;
  }
  normalise(weights_->final_norm, update);
}

template <typename Element>
void LlamaPass<Element>::normalise(const AlignedVector<float>& weight, bool update) {
  at::parallel_for(0, rows(), rows_at_least, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row)
      add_and_normalise({.stream = stream_.row(row),
                         .update = update ? update_.row(row) : nullptr,
                         .weight = weight.data(),
                         .normed = normed_.row(row),
                         .size = config().hidden,
                         .epsilon = config().norm_epsilon});
  });
}

template <typename Element>
void LlamaPass<Element>::attend(const PackedLlamaLayer<Element>& layer) {
  project_all(layer.qkv, normed_, qkv_);
  at::parallel_for(0, rows(), rows_at_least, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) rotate_and_keep(layer.site.layer, row);
  });
  attend_rows(*cache_, layer.site,
              {.places = places_,
               .heads = config().heads,
               .queries = qkv_.row(0),
               .query_stride = qkv_.stride,
               .out = attended_.row(0),
               .out_stride = attended_.stride});
  project_all(layer.o, attended_, update_);
}

template <typename Element>
void LlamaPass<Element>::rotate_and_keep(std::int64_t layer, std::int64_t row) {
  const auto& [slot, position] = places_[row];
  const auto D = config().head_dim;
  Element* head = qkv_.row(row);
  const Element* keys = head + config().heads * D;
  const Element* values = keys + config().kv_heads * D;
  const Angles angles = rotary_.at(position);
  for (; head < values; head += D) rotate(head, angles);
  cache_->put(layer, slot, position, keys, values);
}

template <typename Element>
void LlamaPass<Element>::run_mlp(const PackedLlamaLayer<Element>& layer) {
  const auto gate = projection(layer.gate, normed_, gate_);
  const auto up = projection(layer.up, normed_, up_);
  at::parallel_for(0, layer.gate.panels(), panels_at_least, [&](std::int64_t begin, std::int64_t end) {
    project(gate, {begin, end});
    project(up, {begin, end});
    for (std::int64_t row = 0; row < rows(); ++row)
      gate_with_silu(gate_.row(row) + begin * lane_count, up_.row(row) + begin * lane_count,
                     (end - begin) * lane_count);
  });
  project_all(layer.down, gate_, update_);
}

template <typename Element>
Projection<Element> LlamaPass<Element>::projection(const PackedMatrix<Element>& weights, Activations<Element>& inputs,
                                                   Activations<Element>& outputs) const {
  return {.weights = weights,
          .inputs = inputs.row(0),
          .input_stride = inputs.stride,
          .outputs = outputs.row(0),
          .output_stride = outputs.stride,
          .rows = rows()};
}

template <typename Element>
void LlamaPass<Element>::project_all(const PackedMatrix<Element>& weights, Activations<Element>& inputs,
                                     Activations<Element>& outputs) {
  const auto layer = projection(weights, inputs, outputs);
  at::parallel_for(0, weights.panels(), panels_at_least, [&](std::int64_t begin, std::int64_t end) {
    project(layer, {begin, end});
  });
}

template <typename Element>
void LlamaPass<Element>::logits_of(Activations<Element>& hidden, std::int64_t rows, float* logits) {
  const auto V = config().vocab;
  Activations<Element> outputs(rows, V);
  auto head = projection(weights_->head, hidden, outputs);
  head.rows = rows;
  at::parallel_for(0, weights_->head.panels(), panels_at_least, [&](std::int64_t begin, std::int64_t end) {
    project(head, {begin, end});
    const std::int64_t last = std::min(end * lane_count, V);
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t id = begin * lane_count; id < last; ++id) logits[row * V + id] = widened(outputs.row(row)[id]);
  });
}

}  // namespace

std::unique_ptr<ForwardPass> make_llama_pass(const CausalLM& model) {
  switch (model.parameters().compute_dtype()) {
    case ComputeDType::float32:
      return std::make_unique<LlamaPass<float>>(model);
    case ComputeDType::bfloat16:
      return std::make_unique<LlamaPass<Bfloat16>>(model);
  }
  throw std::logic_error("a dtype without kernels");
}

}  // namespace ballast
