// N rows, E = hidden, D = head_dim, F = D / 2. Of a model cut into shards, one shard's: H heads, K heads of keys and
// values, I = intermediate, V = vocabulary.
#include "workers/generation/llama_pass.h"

#include <torch/types.h>

#include <algorithm>
#include <optional>

#include "workers/cpu_kernels/projection.h"
#include "workers/cpu_kernels/rms_norm.h"
#include "workers/cpu_kernels/rotate.h"
#include "workers/cpu_kernels/swiglu.h"
#include "workers/generation/cached_attention.h"
#include "workers/generation/crew.h"
#include "workers/generation/packed_llama.h"
#include "workers/generation/shard_sum.h"
#include "workers/memory/memory_count.h"
#include "workers/model/rotary.h"
#include "workers/model/sharding.h"

namespace ballast {
namespace {

// More rows go through the model in parts, whose activations stay in the cache.
constexpr std::int64_t rows_at_once = 128;

// Rows of activations; what is not written is zero.
template <typename Element>
struct Activations {
  explicit Activations(std::int64_t rows, std::int64_t size) : stride(row_stride(size)), elements(rows * stride) {}

  Element* row(std::int64_t index) { return elements.data() + index * stride; }

  std::int64_t stride;
  AlignedVector<Element> elements;
};

template <typename Element>
Projection<Element> projection(const PackedMatrix<Element>& weights, Activations<Element>& inputs,
                               Activations<Element>& outputs, std::int64_t rows) {
  return {.weights = weights,
          .inputs = inputs.row(0),
          .input_stride = inputs.stride,
          .outputs = outputs.row(0),
          .output_stride = outputs.stride,
          .rows = rows};
}

// Of the positions that sequences may have, [positions, F].
struct RotaryTable {
  torch::Tensor cos_PF;
  torch::Tensor sin_PF;
};

RotaryTable rotary_table(const ModelConfig& config, std::int64_t positions) {
  const auto angles_PF = torch::outer(torch::arange(positions, torch::kFloat32), rotary_frequencies(config));
  return {.cos_PF = angles_PF.cos(), .sin_PF = angles_PF.sin()};
}

template <typename Element>
class LlamaPass final : public ForwardPass {
 public:
  explicit LlamaPass(const CausalLM& model)
      : model_(model),
        config_(local_config(model.config(), model.shards().shard())),
        stream_(rows_at_once, config().hidden),
        normed_(rows_at_once, config().hidden),
        qkv_(rows_at_once, (config().heads + 2 * config().kv_heads) * config().head_dim),
        attended_(rows_at_once, config().heads * config().head_dim),
        update_(rows_at_once, config().hidden),
        gate_up_(rows_at_once, 2 * config().intermediate),
        gated_(rows_at_once, config().intermediate) {
    if (model.shards().count() > 1) sum_.emplace(model.shards(), rows_at_once * stream_.stride);
  }

  void begin(std::int64_t slots, std::int64_t positions) override;
  void run(const PassRows& rows, std::span<const std::int64_t> wanted, float* logits) override;
  void copy(std::int64_t from, std::int64_t to, std::int64_t positions) override { cache_->copy(from, to, positions); }

 private:
  // The shape of what this shard holds.
  const ModelConfig& config() const { return config_; }
  std::int64_t rows() const { return static_cast<std::int64_t>(places_.size()); }

  // The rest is run by all members of the crew, each with its share of every step, and ends with a meeting.

  // Normed hidden states of the rows at hand into normed_.
  void run_layers(std::span<const std::int64_t> tokens, CrewMember& member);
  void embed(std::span<const std::int64_t> tokens, CrewMember& member);
  void attend(const PackedLlamaLayer<Element>& layer, CrewMember& member);
  void rotate_and_keep(std::int64_t layer, std::int64_t row);
  void run_mlp(const PackedLlamaLayer<Element>& layer, CrewMember& member);
  // stream += update, if there is one; normed = norm of the stream.
  void normalise(const Element* weight, bool update, CrewMember& member);
  void project_all(const PackedMatrix<Element>& weights, Activations<Element>& inputs, Activations<Element>& outputs,
                   CrewMember& member);
  // Where the model is cut: every shard's part of the rows at hand becomes their sum.
  void sum_over_shards(Activations<Element>& parts, CrewMember& member);
  // float32 [rows, V] of rows of normed hidden states.
  void logits_of(const Projection<Element>& head, float* logits, CrewMember& member) const;

  const CausalLM& model_;
  ModelConfig config_;
  std::optional<std::uint64_t> packed_version_;
  std::optional<PackedLlama<Element>> weights_;
  std::optional<KvCache<Element>> cache_;
  std::optional<Crew> crew_;
  std::optional<ShardSum<Element>> sum_;  // of a model in one piece: none
  RotaryTable rotary_;
  std::vector<CachePlace> places_;  // of the rows at hand
  Activations<Element> stream_, normed_, qkv_, attended_, update_, gate_up_, gated_;
  std::optional<Activations<Element>> last_;    // [slots, E], normed hidden states of the wanted rows
  std::optional<Activations<Element>> logits_;  // [slots, V]
};

template <typename Element>
void LlamaPass<Element>::begin(std::int64_t slots, std::int64_t positions) {
  const auto version = model_.parameters().version();
  if (!weights_) {
    const MemoryScope scope(MemoryClass::Parameters);
    weights_.emplace(model_.config(), model_.shards().shard());
  }
  if (version != packed_version_) weights_->take(model_);
  packed_version_ = version;
  crew_.emplace();
  if (cache_ && cache_->shape().slots == slots && cache_->shape().positions >= positions) return;
  {
    const MemoryScope scope(MemoryClass::KvCache);
    cache_.emplace(CacheShape{.layers = config().layers,
                              .slots = slots,
                              .positions = positions,
                              .kv_heads = config().kv_heads,
                              .head_dim = config().head_dim});
  }
  last_.emplace(slots, config().hidden);
  logits_.emplace(slots, weights_->vocabulary.size());
  rotary_ = rotary_table(config(), positions);
}

template <typename Element>
void LlamaPass<Element>::run(const PassRows& rows, std::span<const std::int64_t> wanted, float* logits) {
  const auto N = static_cast<std::int64_t>(rows.tokens.size());
  std::size_t found = 0;
  for (std::int64_t begin = 0; begin < N; begin += rows_at_once) {
    const std::int64_t end = std::min(N, begin + rows_at_once);
    places_.assign(rows.places.begin() + begin, rows.places.begin() + end);
    const std::span tokens(rows.tokens.data() + begin, places_.size());
    crew_->run([&](CrewMember& member) { run_layers(tokens, member); });
    if (sum_) sum_->check();
    for (; found < wanted.size() && wanted[found] < end; ++found)
      std::copy_n(normed_.row(wanted[found] - begin), config().hidden, last_->row(static_cast<std::int64_t>(found)));
  }
  const auto head = projection(weights_->head, *last_, *logits_, static_cast<std::int64_t>(wanted.size()));
  crew_->run([&](CrewMember& member) { logits_of(head, logits, member); });
}

template <typename Element>
void LlamaPass<Element>::run_layers(std::span<const std::int64_t> tokens, CrewMember& member) {
  embed(tokens, member);
  bool update = false;
  for (const auto& layer : weights_->layers) {
    normalise(layer.attention_norm, update, member);
    attend(layer, member);
    normalise(layer.mlp_norm, /*update=*/true, member);
    run_mlp(layer, member);
    update = true;
  }
  normalise(weights_->final_norm, update, member);
}

template <typename Element>
void LlamaPass<Element>::embed(std::span<const std::int64_t> tokens, CrewMember& member) {
  const auto E = config().hidden;
  const auto [begin, end] = member.share_of(rows());
  for (std::int64_t row = begin; row < end; ++row) {
    const auto& [first, last] = weights_->vocabulary;
    if (tokens[row] >= first && tokens[row] < last)
      std::copy_n(weights_->embedding + (tokens[row] - first) * E, E, stream_.row(row));
    else
      std::fill_n(stream_.row(row), E, Element{});  // another shard has it
  }
  member.meet();
  sum_over_shards(stream_, member);
}

// Every member takes the sums of its own share of the rows, as in the step that follows.
template <typename Element>
void LlamaPass<Element>::sum_over_shards(Activations<Element>& parts, CrewMember& member) {
  if (!sum_) return;
  if (member.leads()) sum_->gather(parts.row(0), rows() * parts.stride);
  member.meet();
  const auto [begin, end] = member.share_of(rows());
  sum_->take(parts.row(begin), begin * parts.stride, (end - begin) * parts.stride);
}

template <typename Element>
void LlamaPass<Element>::normalise(const Element* weight, bool update, CrewMember& member) {
  const auto [begin, end] = member.share_of(rows());
  for (std::int64_t row = begin; row < end; ++row) {
    float scale = 0.0F;
    cpu::add_norm({.rows = 1,
                   .width = config().hidden,
                   .x_NE = stream_.row(row),
                   .delta_NE = update ? update_.row(row) : nullptr,
                   .weight_E = weight,
                   .epsilon = static_cast<float>(config().norm_epsilon),
                   .sum_NE = stream_.row(row),
                   .out_NE = normed_.row(row),
                   .scale_N = &scale});
  }
  member.meet();
}

template <typename Element>
void LlamaPass<Element>::attend(const PackedLlamaLayer<Element>& layer, CrewMember& member) {
  project_all(layer.qkv, normed_, qkv_, member);
  const auto [begin, end] = member.share_of(rows());
  for (std::int64_t row = begin; row < end; ++row) rotate_and_keep(layer.site.layer, row);
  member.meet();
  const auto heads = member.share_of(rows() * config().heads);
  attend_heads(*cache_, layer.site,
               AttentionRows<Element>{.places = places_,
                                      .heads = config().heads,
                                      .queries = qkv_.row(0),
                                      .query_stride = qkv_.stride,
                                      .out = attended_.row(0),
                                      .out_stride = attended_.stride},
               {heads.begin, heads.end});
  member.meet();
  project_all(layer.o, attended_, update_, member);
  sum_over_shards(update_, member);
}

template <typename Element>
void LlamaPass<Element>::rotate_and_keep(std::int64_t layer, std::int64_t row) {
  const auto& [slot, position] = places_[row];
  const auto D = config().head_dim;
  Element* qkv = qkv_.row(row);
  const std::int64_t turned = config().heads + config().kv_heads;
  cpu::rotate({.tokens = 1,
               .heads = turned + config().kv_heads,
               .turned = turned,
               .head_dim = D,
               .cos_ND = rotary_.cos_PF.const_data_ptr<float>() + position * (D / 2),
               .sin_ND = rotary_.sin_PF.const_data_ptr<float>() + position * (D / 2),
               .x_NHD = qkv});
  cache_->put(layer, slot, position, qkv + config().heads * D, qkv + turned * D);
}

template <typename Element>
void LlamaPass<Element>::run_mlp(const PackedLlamaLayer<Element>& layer, CrewMember& member) {
  project_all(layer.gate_up, normed_, gate_up_, member);
  const auto [begin, end] = member.share_of(rows());
  for (std::int64_t row = begin; row < end; ++row)
    cpu::swiglu(
        {.rows = 1, .width = config().intermediate, .gate_up_N2I = gate_up_.row(row), .out_NI = gated_.row(row)});
  member.meet();
  project_all(layer.down, gated_, update_, member);
  sum_over_shards(update_, member);
}

template <typename Element>
void LlamaPass<Element>::project_all(const PackedMatrix<Element>& weights, Activations<Element>& inputs,
                                     Activations<Element>& outputs, CrewMember& member) {
  const auto [begin, end] = member.share_of(weights.panels());
  project(projection(weights, inputs, outputs, rows()), {begin, end});
  member.meet();
}

template <typename Element>
void LlamaPass<Element>::logits_of(const Projection<Element>& head, float* logits, CrewMember& member) const {
  const auto V = weights_->vocabulary.size();
  const auto [begin, end] = member.share_of(head.weights.panels());
  project(head, {begin, end});
  const std::int64_t last = std::min(end * lane_count, V);
  for (std::int64_t row = 0; row < head.rows; ++row)
    for (std::int64_t id = begin * lane_count; id < last; ++id)
      logits[row * V + id] = widened(head.outputs[row * head.output_stride + id]);
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
