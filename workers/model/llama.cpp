// N tokens, n of them this shard's, E = hidden, H heads, K heads of keys and values, D = head_dim.
#include "workers/model/llama.h"

#include <fmt/format.h>

#include <cmath>

#include "workers/model/checkpointed.h"
#include "workers/model/fused_layers.h"
#include "workers/model/layers.h"
#include "workers/model/rotary.h"
#include "workers/model/vocabulary_shard.h"

namespace ballast {
namespace {

constexpr const char* embedding_name = "model.embed_tokens.weight";
constexpr const char* final_norm_name = "model.norm.weight";

std::string layer_prefix(std::int64_t layer) { return fmt::format("model.layers.{}.", layer); }

struct LlamaLayer {
  AttentionSite site;
  RmsNorm attention_norm;
  JoinedLinear qkv;
  SummedLinear o;
  RmsNorm mlp_norm;
  JoinedLinear gate_up;
  SummedLinear down;
};

class Llama final : public Backbone {
 public:
  Llama(const ModelConfig& config, const Parameters& parameters, const Shards& shards);
  using Backbone::forward;
  torch::Tensor forward(const torch::Tensor& tokens_N, const torch::Tensor& positions_N,
                        const Attend& attend) const override;

 private:
  // [N, E] to this shard's [n, E], as `mlp`.
  torch::Tensor attention(const LlamaLayer& layer, const torch::Tensor& x_NE, const Rotation& rotation,
                          const Attend& attend) const;
  torch::Tensor mlp(const LlamaLayer& layer, const torch::Tensor& x_NE) const {
    return layer.down(swiglu(layer.gate_up(x_NE)));
  }
  RmsNorm on_part(const RmsNorm& norm) const { return {Copies::on_all(shards_).of(norm.weight_E), norm.epsilon}; }

  Shards shards_;
  VocabularyShard vocabulary_;
  HeadShape heads_;
  torch::Tensor frequencies_F_;
  torch::Tensor embedding_VE_;
  std::vector<LlamaLayer> layers_;
  RmsNorm final_norm_;
};

// Shards that have the same keys and values sum their gradients, but not the queries'.
JoinedLinear qkv_at(const ModelConfig& config, const Parameters& parameters, const Shards& shards,
                    const std::string& attention) {
  const std::vector names{attention + "q_proj", attention + "k_proj", attention + "v_proj"};
  const Copies copies{.shards = shards, .count = cut_keys(shards.shard(), config).copies};
  if (copies.count == 1) return joined_at(parameters, names);
  JoinedLinear qkv;
  for (const std::string& name : names) qkv.parts.push_back(linear_at(parameters, name));
  qkv.parts[1].copies = qkv.parts[2].copies = copies;
  return qkv;
}

HeadShape head_shape(const ModelConfig& config) {
  return {.queries = config.heads, .keys = config.kv_heads, .head_dim = config.head_dim};
}

LlamaLayer layer_at(const ModelConfig& config, const Parameters& parameters, const Shards& shards, std::int64_t index) {
  const std::string prefix = layer_prefix(index);
  const auto norm = [&](const char* name) {
    return RmsNorm{parameters.at(prefix + name + ".weight"), config.norm_epsilon};
  };
  const auto summed = [&](const char* name) {
    return SummedLinear{.linear = linear_at(parameters, prefix + name), .shards = shards};
  };
  return {.site = {.layer = index,
                   .scale = 1.0 / std::sqrt(static_cast<double>(config.head_dim)),
                   .window = config.window.at(index)},
          .attention_norm = norm("input_layernorm"),
          .qkv = qkv_at(config, parameters, shards, prefix + "self_attn."),
          .o = summed("self_attn.o_proj"),
          .mlp_norm = norm("post_attention_layernorm"),
          .gate_up = joined_at(parameters, {prefix + "mlp.gate_proj", prefix + "mlp.up_proj"}),
          .down = summed("mlp.down_proj")};
}

Llama::Llama(const ModelConfig& config, const Parameters& parameters, const Shards& shards)
    : shards_(shards),
      vocabulary_{.shards = shards, .vocab = config.vocab},
      heads_(head_shape(local_config(config, shards.shard()))),
      frequencies_F_(rotary_frequencies(config).to(parameters.device())),
      embedding_VE_(parameters.at(embedding_name)),
      final_norm_{parameters.at(final_norm_name), config.norm_epsilon} {
  for (std::int64_t i = 0; i < config.layers; ++i) layers_.push_back(layer_at(config, parameters, shards, i));
}

torch::Tensor Llama::attention(const LlamaLayer& layer, const torch::Tensor& x_NE, const Rotation& rotation,
                               const Attend& attend) const {
  const torch::Tensor out_NHD = attend(layer.site, rotation.apply(layer.qkv(x_NE), heads_));
  return layer.o(out_NHD.flatten(1));
}

torch::Tensor Llama::forward(const torch::Tensor& tokens_N, const torch::Tensor& positions_N,
                             const Attend& attend) const {
  const Rotation rotation(positions_N, frequencies_F_);
  const std::int64_t N = tokens_N.size(0);
  torch::Tensor stream_nE = part_of_sum(shards_, vocabulary_.embed(embedding_VE_, tokens_N));
  torch::Tensor normed_nE = on_part(layers_.front().attention_norm)(stream_nE);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    // The stream and its norm to those that the next layer takes.
    const auto compute = [this, i, N, rotation, attend](const std::vector<torch::Tensor>& entering) {
      const LlamaLayer& layer = layers_[i];
      const RmsNorm& next_norm = i + 1 < layers_.size() ? layers_[i + 1].attention_norm : final_norm_;
      torch::Tensor stream = entering[0];
      const torch::Tensor attended = attention(layer, all_tokens(shards_, entering[1], N), rotation, attend);
      const torch::Tensor normed = on_part(layer.mlp_norm).add(stream, attended);
      const torch::Tensor next_normed = on_part(next_norm).add(stream, mlp(layer, all_tokens(shards_, normed, N)));
      return std::vector{stream, next_normed};
    };
    const std::vector<torch::Tensor> entering{stream_nE, normed_nE};
    const auto leaving = checkpoints_activations() ? checkpointed(entering, compute) : compute(entering);
    stream_nE = leaving[0];
    normed_nE = leaving[1];
  }
  return all_tokens(shards_, normed_nE, N);
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
  return std::make_unique<Llama>(config, parameters, parameters.shards());
}

}  // namespace ballast
