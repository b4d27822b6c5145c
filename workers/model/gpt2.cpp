// N tokens, n of them this shard's, E = hidden, I = intermediate, H heads, D = head_dim.
#include "workers/model/gpt2.h"

#include <fmt/format.h>

#include <cmath>

#include "workers/model/checkpointed.h"
#include "workers/model/layers.h"
#include "workers/model/vocabulary_shard.h"

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

// Where each shard has some rows of W and of x: the rows [n, out] of this shard's tokens.
struct SummedConv1d {
  Conv1d conv;
  Shards shards;

  torch::Tensor operator()(const torch::Tensor& x_NI) const {
    if (shards.count() == 1) return conv(x_NI);
    return part_of_sum(shards, at::mm(x_NI, conv.weight_IO)) + Copies::on_all(shards).of(conv.bias_O);
  }
};

struct LayerNorm {
  torch::Tensor weight_E;
  torch::Tensor bias_E;
  double epsilon;
  Copies copies;

  torch::Tensor operator()(const torch::Tensor& x_nE) const {
    return at::layer_norm(x_nE, weight_E.sizes(), copies.of(weight_E), copies.of(bias_E), epsilon);
  }
};

struct Gpt2Layer {
  AttentionSite site;
  LayerNorm attention_norm;
  Conv1d qkv;
  SummedConv1d o;
  LayerNorm mlp_norm;
  Conv1d up;
  SummedConv1d down;
};

class Gpt2 final : public Backbone {
 public:
  Gpt2(const ModelConfig& config, const Parameters& parameters, const Shards& shards);
  using Backbone::forward;
  torch::Tensor forward(const torch::Tensor& tokens_N, const torch::Tensor& positions_N,
                        const Attend& attend) const override;

 private:
  // [N, E] to this shard's [n, E], as `mlp`.
  torch::Tensor attention(const Gpt2Layer& layer, const torch::Tensor& x_NE, const Attend& attend) const;
  torch::Tensor mlp(const Gpt2Layer& layer, const torch::Tensor& x_NE) const {
    return layer.down(at::gelu(layer.up(x_NE), "tanh"));
  }

  Shards shards_;
  VocabularyShard vocabulary_, positions_;
  HeadShape heads_;
  torch::Tensor token_embedding_VE_;
  torch::Tensor position_embedding_PE_;
  std::vector<Gpt2Layer> layers_;
  LayerNorm final_norm_;
};

LayerNorm norm_at(const Parameters& parameters, const Shards& shards, const std::string& name, double epsilon) {
  return {.weight_E = parameters.at(name + ".weight"),
          .bias_E = parameters.at(name + ".bias"),
          .epsilon = epsilon,
          .copies = Copies::on_all(shards)};
}

double score_scale(const ModelConfig& config, std::int64_t layer) {
  double scale = config.scale_attention ? 1.0 / std::sqrt(static_cast<double>(config.head_dim)) : 1.0;
  if (config.scale_attention_by_layer) scale /= static_cast<double>(layer + 1);
  return scale;
}

Gpt2Layer layer_at(const ModelConfig& config, const Parameters& parameters, const Shards& shards, std::int64_t index) {
  const std::string prefix = layer_prefix(index);
  const auto conv = [&](const char* name) {
    return Conv1d{parameters.at(prefix + name + ".weight"), parameters.at(prefix + name + ".bias")};
  };
  const auto norm = [&](const char* name) { return norm_at(parameters, shards, prefix + name, config.norm_epsilon); };
  return {.site = {.layer = index, .scale = score_scale(config, index), .window = std::nullopt},
          .attention_norm = norm("ln_1"),
          .qkv = conv("attn.c_attn"),
          .o = {conv("attn.c_proj"), shards},
          .mlp_norm = norm("ln_2"),
          .up = conv("mlp.c_fc"),
          .down = {conv("mlp.c_proj"), shards}};
}

Gpt2::Gpt2(const ModelConfig& config, const Parameters& parameters, const Shards& shards)
    : shards_(shards),
      vocabulary_{.shards = shards, .vocab = config.vocab},
      positions_{.shards = shards, .vocab = config.max_positions},
      heads_{
          .queries = config.heads / shards.count(), .keys = config.heads / shards.count(), .head_dim = config.head_dim},
      token_embedding_VE_(parameters.at(token_embedding_name)),
      position_embedding_PE_(parameters.at(position_embedding_name)),
      final_norm_(norm_at(parameters, shards, final_norm_name, config.norm_epsilon)) {
  for (std::int64_t i = 0; i < config.layers; ++i) layers_.push_back(layer_at(config, parameters, shards, i));
}

torch::Tensor Gpt2::attention(const Gpt2Layer& layer, const torch::Tensor& x_NE, const Attend& attend) const {
  const torch::Tensor out_NHD = attend(layer.site, split_heads(layer.qkv(x_NE), heads_));
  return layer.o(out_NHD.flatten(1));
}

torch::Tensor Gpt2::forward(const torch::Tensor& tokens_N, const torch::Tensor& positions_N,
                            const Attend& attend) const {
  const std::int64_t N = tokens_N.size(0);
  torch::Tensor x_nE = part_of_sum(shards_, vocabulary_.embed(token_embedding_VE_, tokens_N) +
                                                positions_.embed(position_embedding_PE_, positions_N));
  for (const Gpt2Layer& layer : layers_) {
    const auto compute = [this, &layer, N, attend](const std::vector<torch::Tensor>& entering) {
      const torch::Tensor normed_NE = all_tokens(shards_, layer.attention_norm(entering[0]), N);
      const torch::Tensor between = entering[0] + attention(layer, normed_NE, attend);
      return std::vector{between + mlp(layer, all_tokens(shards_, layer.mlp_norm(between), N))};
    };
    x_nE = (checkpoints_activations() ? checkpointed({x_nE}, compute) : compute({x_nE}))[0];
  }
  return all_tokens(shards_, final_norm_(x_nE), N);
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
  return std::make_unique<Gpt2>(config, parameters, parameters.shards());
}

}  // namespace ballast
