// N tokens, E = hidden, H heads, K heads of keys and values, D = head_dim.
#include "workers/model/llama.h"

#include <fmt/format.h>

#include <cmath>

#include "workers/model/checkpointed.h"
#include "workers/model/fused_layers.h"
#include "workers/model/layers.h"
#include "workers/model/rotary.h"

namespace ballast {
namespace {

constexpr const char* embedding_name = "model.embed_tokens.weight";
constexpr const char* final_norm_name = "model.norm.weight";

std::string layer_prefix(std::int64_t layer) { return fmt::format("model.layers.{}.", layer); }

struct LlamaLayer {
  AttentionSite site;
  RmsNorm attention_norm;
  JoinedLinear qkv;
  Linear o;
  RmsNorm mlp_norm;
  JoinedLinear gate_up;
  Linear down;
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

  HeadShape heads_;
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
          .qkv = joined_at(parameters,
                           {prefix + "self_attn.q_proj", prefix + "self_attn.k_proj", prefix + "self_attn.v_proj"}),
          .o = linear("self_attn.o_proj"),
          .mlp_norm = norm("post_attention_layernorm"),
          .gate_up = joined_at(parameters, {prefix + "mlp.gate_proj", prefix + "mlp.up_proj"}),
          .down = linear("mlp.down_proj")};
}

Llama::Llama(const ModelConfig& config, const Parameters& parameters)
    : heads_{.queries = config.heads, .keys = config.kv_heads, .head_dim = config.head_dim},
      frequencies_F_(rotary_frequencies(config).to(parameters.device())),
      embedding_VE_(parameters.at(embedding_name)),
      final_norm_{parameters.at(final_norm_name), config.norm_epsilon} {
  for (std::int64_t i = 0; i < config.layers; ++i) layers_.push_back(layer_at(config, parameters, i));
}

torch::Tensor Llama::attention(const LlamaLayer& layer, const torch::Tensor& x_NE, const Rotation& rotation,
                               const Attend& attend) const {
  const torch::Tensor out_NHD = attend(layer.site, rotation.apply(layer.qkv(x_NE), heads_));
  return layer.o(out_NHD.flatten(1));
}

torch::Tensor Llama::forward(const torch::Tensor& tokens_N, const torch::Tensor& positions_N,
                             const Attend& attend) const {
  const Rotation rotation(positions_N, frequencies_F_);
  torch::Tensor stream_NE = embed(embedding_VE_, tokens_N);
  torch::Tensor normed_NE = layers_.front().attention_norm(stream_NE);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    // The stream and its norm to those that the next layer takes.
    const auto compute = [this, i, rotation, attend](const std::vector<torch::Tensor>& entering) {
      const LlamaLayer& layer = layers_[i];
      const RmsNorm& next_norm = i + 1 < layers_.size() ? layers_[i + 1].attention_norm : final_norm_;
      torch::Tensor stream = entering[0];
      const torch::Tensor normed = layer.mlp_norm.add(stream, attention(layer, entering[1], rotation, attend));
      const torch::Tensor next_normed = next_norm.add(stream, layer.down(swiglu(layer.gate_up(normed))));
      return std::vector{stream, next_normed};
    };
    const std::vector<torch::Tensor> entering{stream_NE, normed_NE};
    const auto leaving = checkpoints_activations() ? checkpointed(entering, compute) : compute(entering);
    stream_NE = leaving[0];
    normed_NE = leaving[1];
  }
  return normed_NE;
}

}  // namespace

std::vector<ParameterSpec> llama_parameters(const ModelConfig& config, const Shard& shard) {
  require_cuttable(config, shard);
  const double std = config.initializer_range;
  const double residual_std =
      config.scale_residual_projections ? std / std::sqrt(2.0 * static_cast<double>(config.layers)) : std;
  const std::int64_t E = config.hidden;
  const std::int64_t queries = config.heads * config.head_dim;
  std::vector<ParameterSpec> specs;
  const auto norm = [&](const std::string& name) {
    specs.push_back({.name = name, .shape = {E}, .initial_mean = 1.0, .slice = replicated(shard)});
  };
  const auto from_stream = [&](const std::string& name, const ParameterSlice& rows, bool bias) {
    append_linear(specs, name, {.in = E, .out = rows.extent, .bias = bias, .initial_std = std, .slice = rows});
  };
  const auto into_stream = [&](const std::string& name, const ParameterSlice& columns, bool bias) {
    append_linear(specs, name,
                  {.in = columns.extent, .out = E, .bias = bias, .initial_std = residual_std, .slice = columns});
  };
  const ParameterSlice vocabulary = cut(shard, 0, config.vocab);
  specs.push_back({.name = embedding_name, .shape = {vocabulary.size(), E}, .initial_std = std, .slice = vocabulary});
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string prefix = layer_prefix(i);
    norm(prefix + "input_layernorm.weight");
    from_stream(prefix + "self_attn.q_proj", cut(shard, 0, queries), config.qkv_bias);
    from_stream(prefix + "self_attn.k_proj", cut_keys(shard, config), config.qkv_bias);
    from_stream(prefix + "self_attn.v_proj", cut_keys(shard, config), config.qkv_bias);
    into_stream(prefix + "self_attn.o_proj", cut(shard, 1, queries), config.output_bias);
    norm(prefix + "post_attention_layernorm.weight");
    from_stream(prefix + "mlp.gate_proj", cut(shard, 0, config.intermediate), config.mlp_bias);
    from_stream(prefix + "mlp.up_proj", cut(shard, 0, config.intermediate), config.mlp_bias);
    into_stream(prefix + "mlp.down_proj", cut(shard, 1, config.intermediate), config.mlp_bias);
  }
  norm(final_norm_name);
  return specs;
}

std::unique_ptr<Backbone> make_llama(const ModelConfig& config, const Parameters& parameters) {
  return std::make_unique<Llama>(config, parameters);
}

}  // namespace ballast
