// N tokens, E = hidden, H heads, K heads of keys and values, D = head_dim.
#include "workers/model/llama.h"

#include <fmt/format.h>

#include <cmath>

#include "workers/model/layers.h"
#include "workers/model/rotary.h"

namespace ballast {
namespace {

constexpr const char* embedding_name = "model.embed_tokens.weight";
constexpr const char* final_norm_name = "model.norm.weight";

std::string layer_prefix(std::int64_t layer) { return fmt::format("model.layers.{}.", layer); }

// Root mean square norm over E, in float32 whatever x's dtype is.
struct RmsNorm {
  torch::Tensor weight_E;
  double epsilon;

  torch::Tensor operator()(const torch::Tensor& x_NE) const {
    return at::rms_norm(x_NE, weight_E.sizes(), weight_E, epsilon);
  }
};

struct LlamaLayer {
  AttentionSite site;
  RmsNorm attention_norm;
  Linear q, k, v, o;
  RmsNorm mlp_norm;
  Linear gate, up, down;
};

class Llama final : public Backbone {
 public:
  Llama(const ModelConfig& config, const Parameters& parameters);
  using Backbone::forward;
  torch::Tensor forward(const torch::Tensor& tokens_N, const torch::Tensor& positions_N,
                        const Attend& attend) const override;

 private:
  torch::Tensor attention(const LlamaLayer& layer, const torch::Tensor& x_NE, const Rotation& rotation,
                          const Attend& attend) const;

  std::int64_t head_dim_;
  torch::Tensor frequencies_F_;
  torch::Tensor embedding_VE_;
  std::vector<LlamaLayer> layers_;
  RmsNorm final_norm_;
};

LlamaLayer layer_at(const ModelConfig& config, const Parameters& parameters, std::int64_t index) {
  const std::string prefix = layer_prefix(index);
  const auto norm = [&](const char* name) {
    return RmsNorm{parameters.at(prefix + name + ".weight"), config.norm_epsilon};
  };
  const auto linear = [&](const char* name) { return linear_at(parameters, prefix + name); };
  return {.site = {.layer = index,
                   .scale = 1.0 / std::sqrt(static_cast<double>(config.head_dim)),
                   .window = config.window.at(index)},
          .attention_norm = norm("input_layernorm"),
          .q = linear("self_attn.q_proj"),
          .k = linear("self_attn.k_proj"),
          .v = linear("self_attn.v_proj"),
          .o = linear("self_attn.o_proj"),
          .mlp_norm = norm("post_attention_layernorm"),
          .gate = linear("mlp.gate_proj"),
          .up = linear("mlp.up_proj"),
          .down = linear("mlp.down_proj")};
}

Llama::Llama(const ModelConfig& config, const Parameters& parameters)
    : head_dim_(config.head_dim),
      frequencies_F_(rotary_frequencies(config).to(parameters.device())),
      embedding_VE_(parameters.at(embedding_name)),
      final_norm_{parameters.at(final_norm_name), config.norm_epsilon} {
  for (std::int64_t i = 0; i < config.layers; ++i) layers_.push_back(layer_at(config, parameters, i));
}

torch::Tensor Llama::attention(const LlamaLayer& layer, const torch::Tensor& x_NE, const Rotation& rotation,
                               const Attend& attend) const {
  const auto heads = [&](const Linear& projection) { return projection(x_NE).view({x_NE.size(0), -1, head_dim_}); };
  const torch::Tensor out_NHD = attend(
      layer.site,
      {.q_NHD = rotation.apply(heads(layer.q)), .k_NKD = rotation.apply(heads(layer.k)), .v_NKD = heads(layer.v)});
  return layer.o(out_NHD.flatten(1));
}

torch::Tensor Llama::forward(const torch::Tensor& tokens_N, const torch::Tensor& positions_N,
                             const Attend& attend) const {
  const Rotation rotation(positions_N, frequencies_F_);
  torch::Tensor x_NE = embed(embedding_VE_, tokens_N);
  for (const LlamaLayer& layer : layers_) {
    x_NE = x_NE + attention(layer, layer.attention_norm(x_NE), rotation, attend);
    const torch::Tensor normed_NE = layer.mlp_norm(x_NE);
    x_NE = x_NE + layer.down(at::silu(layer.gate(normed_NE)) * layer.up(normed_NE));
  }
  return final_norm_(x_NE);
}

}  // namespace

std::vector<ParameterSpec> llama_parameters(const ModelConfig& config) {
  const double std = config.initializer_range;
  const double residual_std =
      config.scale_residual_projections ? std / std::sqrt(2.0 * static_cast<double>(config.layers)) : std;
  const std::int64_t E = config.hidden;
  std::vector<ParameterSpec> specs;
  const auto norm = [&](const std::string& name) {
    specs.push_back({.name = name, .shape = {E}, .initial_mean = 1.0});
  };
  specs.push_back({.name = embedding_name, .shape = {config.vocab, E}, .initial_std = std});
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string prefix = layer_prefix(i);
    const std::int64_t queries = config.heads * config.head_dim;
    const std::int64_t keys = config.kv_heads * config.head_dim;
    norm(prefix + "input_layernorm.weight");
    append_linear(specs, prefix + "self_attn.q_proj",
                  {.in = E, .out = queries, .bias = config.qkv_bias, .initial_std = std});
    append_linear(specs, prefix + "self_attn.k_proj",
                  {.in = E, .out = keys, .bias = config.qkv_bias, .initial_std = std});
    append_linear(specs, prefix + "self_attn.v_proj",
                  {.in = E, .out = keys, .bias = config.qkv_bias, .initial_std = std});
    append_linear(specs, prefix + "self_attn.o_proj",
                  {.in = queries, .out = E, .bias = config.output_bias, .initial_std = residual_std});
    norm(prefix + "post_attention_layernorm.weight");
    append_linear(specs, prefix + "mlp.gate_proj",
                  {.in = E, .out = config.intermediate, .bias = config.mlp_bias, .initial_std = std});
    append_linear(specs, prefix + "mlp.up_proj",
                  {.in = E, .out = config.intermediate, .bias = config.mlp_bias, .initial_std = std});
    append_linear(specs, prefix + "mlp.down_proj",
                  {.in = config.intermediate, .out = E, .bias = config.mlp_bias, .initial_std = residual_std});
  }
  norm(final_norm_name);
  return specs;
}

std::unique_ptr<Backbone> make_llama(const ModelConfig& config, const Parameters& parameters) {
  return std::make_unique<Llama>(config, parameters);
}

}  // namespace ballast
