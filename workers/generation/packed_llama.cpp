#include "workers/generation/packed_llama.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "workers/generation/sharded_layers.h"

namespace ballast {
namespace {

template <typename Element>
const Element* elements_of(const torch::Tensor& weights) {
  return static_cast<const Element*>(weights.const_data_ptr());
}

// The layers one below the other, as one that has all their outputs.
template <typename Element>
void take_linear(PackedMatrix<Element>& packed, const std::vector<Linear>& layers) {
  std::int64_t first = 0;
  for (const Linear& layer : layers) {
    packed.set_rows(first, elements_of<Element>(layer.weight), layer.weight.size(0));
    if (layer.bias.defined()) packed.set_bias(first, elements_of<Element>(layer.bias), layer.bias.numel());
    first += layer.weight.size(0);
  }
}

template <typename Element>
PackedLlamaLayer<Element> empty_layer(const ModelConfig& config, std::int64_t index) {
  const std::int64_t E = config.hidden;
  const std::int64_t queries = config.heads * config.head_dim;
  const std::int64_t keys = config.kv_heads * config.head_dim;
  return {.qkv = PackedMatrix<Element>(queries + 2 * keys, E),
          .o = PackedMatrix<Element>(E, queries),
          .gate_up = PackedMatrix<Element>(2 * config.intermediate, E),
          .down = PackedMatrix<Element>(E, config.intermediate),
          .site = {.layer = index,
                   .scale = 1.0 / std::sqrt(static_cast<double>(config.head_dim)),
                   .window = config.window.at(index)}};
}

template <typename Element>
void take_layer(PackedLlamaLayer<Element>& layer, const CausalLM& model) {
  const auto& parameters = model.parameters();
  const std::string prefix = fmt::format("model.layers.{}.", layer.site.layer);
  const auto linear = [&](const char* name) { return linear_at(parameters, prefix + name); };
  layer.attention_norm = elements_of<Element>(parameters.at(prefix + "input_layernorm.weight"));
  take_linear(layer.qkv, {linear("self_attn.q_proj"), linear("self_attn.k_proj"), linear("self_attn.v_proj")});
  take_linear(layer.o, {summand_at(model, prefix + "self_attn.o_proj")});
  layer.mlp_norm = elements_of<Element>(parameters.at(prefix + "post_attention_layernorm.weight"));
  take_linear(layer.gate_up, {linear("mlp.gate_proj"), linear("mlp.up_proj")});
  take_linear(layer.down, {summand_at(model, prefix + "mlp.down_proj")});
}

}  // namespace

template <typename Element>
PackedLlama<Element>::PackedLlama(const ModelConfig& config, const Shard& shard)
    : vocabulary(local_vocabulary(config, shard)), head(vocabulary.size(), config.hidden) {
  const ModelConfig local = local_config(config, shard);
  for (std::int64_t i = 0; i < config.layers; ++i) layers.push_back(empty_layer<Element>(local, i));
}

template <typename Element>
void PackedLlama<Element>::take(const CausalLM& model) {
  const auto& parameters = model.parameters();
  embedding = elements_of<Element>(parameters.at("model.embed_tokens.weight"));
  final_norm = elements_of<Element>(parameters.at("model.norm.weight"));
  const auto count = static_cast<std::int64_t>(layers.size());
  at::parallel_for(0, count + 1, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < std::min(end, count); ++i) take_layer(layers[i], model);
    if (end > count) take_linear(head, {linear_at(parameters, "lm_head")});
  });
}

template struct PackedLlama<float>;
template struct PackedLlama<Bfloat16>;

std::int64_t packed_llama_bytes(const ModelConfig& config, const Shard& shard, ComputeDType dtype) {
  const ModelConfig local = local_config(config, shard);
  const auto matrix = [](std::int64_t outputs, std::int64_t inputs) {
    return rounded_up(outputs, lane_count) * rounded_up(inputs, PackedMatrix<float>::depth_multiple);
  };
  const std::int64_t E = config.hidden;
  const std::int64_t queries = local.heads * local.head_dim;
  const std::int64_t keys = local.kv_heads * local.head_dim;
  const std::int64_t layer = matrix(queries + 2 * keys, E) + matrix(E, queries) + matrix(2 * local.intermediate, E) +
                             matrix(E, local.intermediate);
  const std::int64_t element = dtype == ComputeDType::float32 ? sizeof(float) : sizeof(Bfloat16);
  return element * (config.layers * layer + matrix(local_vocabulary(config, shard).size(), E));
}

}  // namespace ballast
