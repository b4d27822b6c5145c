// N tokens, E = hidden, I = intermediate, H heads, D = head_dim.
#include "workers/model/gpt2.h"

#include <fmt/format.h>

#include <cmath>

#include "workers/model/checkpointed.h"
#include "workers/model/layers.h"

namespace ballast {
namespace {

constexpr const char* token_embedding_name = "transformer.wte.weight";
constexpr const char* position_embedding_name = "transformer.wpe.weight";
constexpr const char* final_norm_name = "transformer.ln_f";

std::string layer_prefix(std::int64_t layer) { return fmt::format("transformer.h.{}.", layer); }

// transformers' Conv1D: y = x W + b with W [in, out].
struct Conv1d {
  torch::Tensor weight_IO;
  torch::Tensor bias_O;

  torch::Tensor operator()(const torch::Tensor& x_NI) const { return at::addmm(bias_O, x_NI, weight_IO); }
};

struct LayerNorm {
  torch::Tensor weight_E;
  torch::Tensor bias_E;
  double epsilon;

  torch::Tensor operator()(const torch::Tensor& x_NE) const {
    return at::layer_norm(x_NE, weight_E.sizes(), weight_E, bias_E, epsilon);
  }
};

struct Gpt2Layer {
  AttentionSite site;
  LayerNorm attention_norm;
  Conv1d qkv, o;
  LayerNorm mlp_norm;
  Conv1d up, down;
};

class Gpt2 final : public Backbone {
 public:
  Gpt2(const ModelConfig& config, const Parameters& parameters);
  using Backbone::forward;
  torch::Tensor forward(const torch::Tensor& tokens_N, const torch::Tensor& positions_N,
                        const Attend& attend) const override;

 private:
  torch::Tensor attention(const Gpt2Layer& layer, const torch::Tensor& x_NE, const Attend& attend) const;

  std::int64_t head_dim_;
  torch::Tensor token_embedding_VE_;
  torch::Tensor position_embedding_PE_;
  std::vector<Gpt2Layer> layers_;
  LayerNorm final_norm_;
};

LayerNorm norm_at(const Parameters& parameters, const std::string& name, double epsilon) {
  return {.weight_E = parameters.at(name + ".weight"), .bias_E = parameters.at(name + ".bias"), .epsilon = epsilon};
}

double score_scale(const ModelConfig& config, std::int64_t layer) {
  double scale = config.scale_attention ? 1.0 / std::sqrt(static_cast<double>(config.head_dim)) : 1.0;
  if (config.scale_attention_by_layer) scale /= static_cast<double>(layer + 1);
  return scale;
}

Gpt2Layer layer_at(const ModelConfig& config, const Parameters& parameters, std::int64_t index) {
  const std::string prefix = layer_prefix(index);
  const auto conv = [&](const char* name) {
    return Conv1d{parameters.at(prefix + name + ".weight"), parameters.at(prefix + name + ".bias")};
  };
  return {.site = {.layer = index, .scale = score_scale(config, index), .window = std::nullopt},
          .attention_norm = norm_at(parameters, prefix + "ln_1", config.norm_epsilon),
          .qkv = conv("attn.c_attn"),
          .o = conv("attn.c_proj"),
          .mlp_norm = norm_at(parameters, prefix + "ln_2", config.norm_epsilon),
          .up = conv("mlp.c_fc"),
          .down = conv("mlp.c_proj")};
}

Gpt2::Gpt2(const ModelConfig& config, const Parameters& parameters)
    : head_dim_(config.head_dim),
      token_embedding_VE_(parameters.at(token_embedding_name)),
      position_embedding_PE_(parameters.at(position_embedding_name)),
      final_norm_(norm_at(parameters, final_norm_name, config.norm_epsilon)) {
  for (std::int64_t i = 0; i < config.layers; ++i) layers_.push_back(layer_at(config, parameters, i));
}

torch::Tensor Gpt2::attention(const Gpt2Layer& layer, const torch::Tensor& x_NE, const Attend& attend) const {
  const std::int64_t heads = x_NE.size(1) / head_dim_;
  const torch::Tensor out_NHD =
      attend(layer.site, split_heads(layer.qkv(x_NE), {.queries = heads, .keys = heads, .head_dim = head_dim_}));
  return layer.o(out_NHD.flatten(1));
}

torch::Tensor Gpt2::forward(const torch::Tensor& tokens_N, const torch::Tensor& positions_N,
                            const Attend& attend) const {
  torch::Tensor x_NE = embed(token_embedding_VE_, tokens_N) + embed(position_embedding_PE_, positions_N);
  for (const Gpt2Layer& layer : layers_) {
    const auto compute = [this, &layer, attend](const std::vector<torch::Tensor>& entering) {
      const torch::Tensor between = entering[0] + attention(layer, layer.attention_norm(entering[0]), attend);
      return std::vector{between + layer.down(at::gelu(layer.up(layer.mlp_norm(between)), "tanh"))};
    };
    x_NE = (checkpoints_activations() ? checkpointed({x_NE}, compute) : compute({x_NE}))[0];
  }
  return final_norm_(x_NE);
}

}  // namespace

std::vector<ParameterSpec> gpt2_parameters(const ModelConfig& config, const Shard& shard) {
  require_cuttable(config, shard);
  const double std = config.initializer_range;
  const double residual_std = std / std::sqrt(2.0 * static_cast<double>(config.layers));  // of what adds to the stream
  const std::int64_t E = config.hidden;
  const std::int64_t I = config.intermediate;
  std::vector<ParameterSpec> specs;
  const auto norm = [&](const std::string& name) {
    specs.push_back({.name = name + ".weight", .shape = {E}, .initial_mean = 1.0, .slice = replicated(shard)});
    specs.push_back({.name = name + ".bias", .shape = {E}, .slice = replicated(shard)});
  };
  const auto table = [&](const char* name, std::int64_t rows) {
    const ParameterSlice slice = cut(shard, 0, rows);
    specs.push_back({.name = name, .shape = {slice.size(), E}, .initial_std = std, .slice = slice});
  };
  // Weights are [in, out] here.
  const auto from_stream = [&](const std::string& name, const ParameterSlice& columns) {
    ParameterSlice of_bias = columns;
    of_bias.dimension = 0;
    specs.push_back({.name = name + ".weight", .shape = {E, columns.size()}, .initial_std = std, .slice = columns});
    specs.push_back({.name = name + ".bias", .shape = {columns.size()}, .slice = of_bias});
  };
  const auto into_stream = [&](const std::string& name, const ParameterSlice& rows) {
    specs.push_back({.name = name + ".weight", .shape = {rows.size(), E}, .initial_std = residual_std, .slice = rows});
    specs.push_back({.name = name + ".bias", .shape = {E}, .slice = replicated(shard)});
  };
  ParameterSlice heads_of_qkv = cut(shard, 1, 3 * E);
  heads_of_qkv.pieces = 3;
  table(token_embedding_name, config.vocab);
  table(position_embedding_name, config.max_positions);
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string prefix = layer_prefix(i);
    norm(prefix + "ln_1");
    from_stream(prefix + "attn.c_attn", heads_of_qkv);
    into_stream(prefix + "attn.c_proj", cut(shard, 0, E));
    norm(prefix + "ln_2");
    from_stream(prefix + "mlp.c_fc", cut(shard, 1, I));
    into_stream(prefix + "mlp.c_proj", cut(shard, 0, I));
  }
  norm(final_norm_name);
  return specs;
}

std::unique_ptr<Backbone> make_gpt2(const ModelConfig& config, const Parameters& parameters) {
  return std::make_unique<Gpt2>(config, parameters);
}

}  // namespace ballast
