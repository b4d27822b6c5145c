#include "workers/generation/packed_llama.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>

#include "workers/model/layers.h"

namespace ballast {
namespace {

template <typename Element>
const Element* elements_of(const torch::Tensor& weights) {
  return static_cast<const Element*>(weights.const_data_ptr());
}

template <typename Element>
AlignedVector<float> norm_at(const Parameters& parameters, const std::string& name) {
  const auto weight_E = parameters.at(name);
  AlignedVector<float> norm(rounded_up(weight_E.numel(), lane_count));
  for (std::int64_t i = 0; i < weight_E.numel(); ++i) norm[i] = widened(elements_of<Element>(weight_E)[i]);
  return norm;
}

// The layers one below the other, as one that has all their outputs.
template <typename Element>
PackedMatrix<Element> pack(const std::vector<Linear>& layers) {
  std::int64_t outputs = 0;
  for (const auto& layer : layers) outputs += layer.weight.size(0);
  PackedMatrix<Element> packed(outputs, layers.front().weight.size(1));
  std::int64_t first = 0;
  for (const auto& [weight, bias] : layers) {
    packed.set_rows(first, elements_of<Element>(weight), weight.size(0));
    if (bias.defined()) packed.set_bias(first, elements_of<Element>(bias), bias.numel());
    first += weight.size(0);
  }
  return packed;
}

template <typename Element>
PackedLlamaLayer<Element> layer_at(const CausalLM& model, std::int64_t index) {
  const auto& config = model.config();
  const auto& parameters = model.parameters();
  const std::string prefix = fmt::format("model.layers.{}.", index);
  const auto linear = [&](const char* name) { return linear_at(parameters, prefix + name); };
  return {.attention_norm = norm_at<Element>(parameters, prefix + "input_layernorm.weight"),
          .qkv = pack<Element>({linear("self_attn.q_proj"), linear("self_attn.k_proj"), linear("self_attn.v_proj")}),
          .o = pack<Element>({linear("self_attn.o_proj")}),
          .mlp_norm = norm_at<Element>(parameters, prefix + "post_attention_layernorm.weight"),
          .gate = pack<Element>({linear("mlp.gate_proj")}),
          .up = pack<Element>({linear("mlp.up_proj")}),
          .down = pack<Element>({linear("mlp.down_proj")}),
          .site = {.layer = index,
                   .scale = 1.0 / std::sqrt(static_cast<double>(config.head_dim)),
                   .window = config.window.at(index)}};
}

template <typename Element>
std::vector<PackedLlamaLayer<Element>> layers_of(const CausalLM& model) {
  std::vector<PackedLlamaLayer<Element>> layers;
  for (std::int64_t i = 0; i < model.config().layers; ++i) layers.push_back(layer_at<Element>(model, i));
  return layers;
}

}  // namespace

template <typename Element>
PackedLlama<Element>::PackedLlama(const CausalLM& model)
    : embedding(elements_of<Element>(model.parameters().at("model.embed_tokens.weight"))),
      layers(layers_of<Element>(model)),
      final_norm(norm_at<Element>(model.parameters(), "model.norm.weight")),
      head(pack<Element>({linear_at(model.parameters(), "lm_head")})) {}

template struct PackedLlama<float>;
template struct PackedLlama<Bfloat16>;

std::int64_t packed_llama_bytes(const ModelConfig& config, ComputeDType dtype) {
  const auto matrix = [](std::int64_t outputs, std::int64_t inputs) {
    return rounded_up(outputs, lane_count) * rounded_up(inputs, PackedMatrix<float>::depth_multiple);
  };
  const std::int64_t E = config.hidden;
  const std::int64_t queries = config.heads * config.head_dim;
  const std::int64_t keys = config.kv_heads * config.head_dim;
  const std::int64_t layer = matrix(queries + 2 * keys, E) + matrix(E, queries) + 2 * matrix(config.intermediate, E) +
                             matrix(E, config.intermediate);
  const std::int64_t element = dtype == ComputeDType::float32 ? sizeof(float) : sizeof(Bfloat16);
  return element * (config.layers * layer + matrix(config.vocab, E));
}

}  // namespace ballast
