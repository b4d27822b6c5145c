#include "workers/model/causal_lm.h"

#include "workers/model/model_folder.h"
#include "workers/model/registry.h"
#include "workers/model/weights.h"

namespace ballast {
namespace {

constexpr const char* head_name = "lm_head.weight";

}  // namespace

// A tied head is the embedding, the first parameter of every backbone, by another name.
std::vector<ParameterSpec> causal_lm_parameters(const ModelConfig& config, const Shard& shard) {
  auto specs = architecture_of(config.family, config.head).parameters(config, shard);
  if (config.tied_embeddings) {
    specs.front().alias = head_name;
  } else {
    const ParameterSlice rows = cut(shard, 0, config.vocab);
    specs.push_back({.name = head_name,
                     .shape = {rows.size(), config.hidden},
                     .initial_std = config.initializer_range,
                     .slice = rows});
  }
  return specs;
}

CausalLM::CausalLM(ModelConfig config, Parameters parameters)
    : Model(std::move(config), std::move(parameters)), head_VE_(parameters_.at(head_name)) {}

std::unique_ptr<CausalLM> CausalLM::from_source(const ModelSource& source, Use use, const ModelPlace& place) {
  const ModelConfig config = model_config(source);
  if (!config.is_causal_lm())
    throw ModelError((*source.path / "config.json").string() +
                     ": field 'architectures': found a score model; allowed: a causal language model");
  const auto specs = causal_lm_parameters(config, place.shards.shard());
  std::optional<Checkpoint> checkpoint;
  if (source.path) checkpoint.emplace(*source.path, specs, CheckpointTolerance{});
  Parameters parameters(specs, use, source.dtype, place);
  if (checkpoint)
    checkpoint->copy_into(parameters);
  else
    initialise(parameters, source.seed);
  std::unique_ptr<CausalLM> model(new CausalLM(config, std::move(parameters)));
  model->prepare(source, use);
  return model;
}

torch::Tensor CausalLM::next_token_log_probs(const torch::Tensor& hidden_NE, const PackedTokens& packed,
                                             const torch::Tensor& wanted_N) const {
  const auto [rows_M, ids_M] = next_tokens(packed, wanted_N);
  const torch::Tensor log_probs_M = token_log_probs(hidden_NE.index_select(0, rows_M), head(), ids_M);
  return torch::zeros({packed.tokens()}, log_probs_M.options()).index_copy(0, rows_M, log_probs_M);
}

CausalLM::NextTokenLoss CausalLM::next_token_loss(const torch::Tensor& hidden_NE, const PackedTokens& packed,
                                                  const torch::Tensor& wanted_N,
                                                  const LossOfTokens& loss_of_tokens) const {
  const NextTokens next = next_tokens(packed, wanted_N);
  const TokenLoss found = token_loss(hidden_NE.index_select(0, next.rows_M), head(), next.ids_M,
                                     [&](const torch::Tensor& log_probs_m, std::int64_t begin) {
                                       const auto rows_m = next.rows_M.narrow(0, begin, log_probs_m.size(0));
                                       return loss_of_tokens(log_probs_m, rows_m);
                                     });
  const torch::Tensor zeros_N = torch::zeros({packed.tokens()}, found.log_probs_M.options());
  return {found.loss, zeros_N.index_copy(0, next.rows_M, found.log_probs_M)};
}

bool CausalLM::save(const std::filesystem::path& folder) const {
  return save_model_folder(folder, {.config = config_, .parameters = parameters_});
}

}  // namespace ballast
