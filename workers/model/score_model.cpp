#include "workers/model/score_model.h"

#include <fmt/format.h>

#include "algorithms/end_scores.h"
#include "workers/model/between_shards.h"
#include "workers/model/model_folder.h"
#include "workers/model/registry.h"
#include "workers/model/weights.h"

namespace ballast {
namespace {

constexpr const char* weight_name = "score_head.weight";
constexpr const char* bias_name = "score_head.bias";
constexpr const char* mean_name = "normalizer.mean";
constexpr const char* var_name = "normalizer.var";
constexpr const char* count_name = "normalizer.count";

std::vector<ParameterSpec> specs_of(const ModelConfig& config, const Shard& shard) {
  auto specs = architecture_of(config.family, config.head).parameters(config, shard);
  const ParameterSlice whole = replicated(shard);
  specs.push_back(
      {.name = weight_name, .shape = {1, config.hidden}, .initial_std = config.initializer_range, .slice = whole});
  if (config.score->bias) specs.push_back({.name = bias_name, .shape = {1}, .slice = whole});
  return specs;
}

// A causal language model's shape becomes a score model's.
ModelConfig as_score_model(ModelConfig config, ScoreType type) {
  if (config.is_causal_lm()) config.score = ScoreHeadConfig{};
  config.head = Head::Score;
  config.score->type = type;
  return config;
}

Normalization normalization_of(ScoreType type) {
  switch (type) {
    case ScoreType::Reward:
      return Normalization::Affine;
    case ScoreType::Cost:
      return Normalization::Scale;
    case ScoreType::Critic:
      return Normalization::Identity;
  }
  throw std::logic_error("a score type without a normalisation");
}

CheckpointTolerance tolerance_for(Head stored_head) {
  CheckpointTolerance tolerance{.optional = {bias_name}, .ignored = {mean_name, var_name, count_name}};
  if (stored_head == Head::SequenceClassification) tolerance.stored_names = {{weight_name, "score.weight"}};
  if (stored_head == Head::LanguageModel) {
    tolerance.optional.push_back(weight_name);
    tolerance.ignored.push_back("lm_head.weight");
  }
  return tolerance;
}

// Before a checkpoint's buffers are read, which older ones lack.
NormalizerState initial_state(const ScoreHeadConfig& head, c10::Device device) {
  return {.mean_D = torch::full({1}, head.mean, device), .var_D = torch::full({1}, head.var, device), .count = 0};
}

// One statistic of the normaliser.
void read_buffer(const SafetensorsReader& reader, const char* name, torch::Tensor& value_1) {
  if (!reader.contains(name)) return;
  const torch::Tensor stored = reader.tensor(name);
  if (stored.numel() != 1)
    throw ModelError(fmt::format("{}: tensor '{}': found {} elements; expected 1", reader.file_of(name).string(), name,
                                 stored.numel()));
  value_1.copy_(stored.view({1}));
}

void read_statistics(const SafetensorsReader& reader, NormalizerState& normalizer) {
  torch::Tensor count_1 = torch::zeros({1}, torch::kInt64);
  read_buffer(reader, mean_name, normalizer.mean_D);
  read_buffer(reader, var_name, normalizer.var_D);
  read_buffer(reader, count_name, count_1);
  normalizer.count = count_1.item<std::int64_t>();
}

}  // namespace

std::vector<ParameterSpec> score_model_parameters(const ModelConfig& stored, ScoreType type, const Shard& shard) {
  return specs_of(as_score_model(stored, type), shard);
}

ScoreModel::ScoreModel(ModelConfig config, Parameters parameters)
    : Model(std::move(config), std::move(parameters)), normalizer_(initial_state(*config_.score, device())) {}

std::unique_ptr<ScoreModel> ScoreModel::from_source(const ModelSource& source, ScoreType type, Use use,
                                                    const ModelPlace& place) {
  const ModelConfig stored = model_config(source);
  const ModelConfig config = as_score_model(stored, type);
  const auto specs = specs_of(config, place.shards.shard());
  std::optional<Checkpoint> checkpoint;
  if (source.path) checkpoint.emplace(*source.path, specs, tolerance_for(stored.head));
  Parameters parameters(specs, use, source.dtype, place);
  initialise(parameters, source.seed);
  if (checkpoint) checkpoint->copy_into(parameters);
  std::unique_ptr<ScoreModel> model(new ScoreModel(config, std::move(parameters)));
  model->prepare(source, use);
  if (checkpoint) read_statistics(checkpoint->reader(), model->normalizer_);
  return model;
}

std::unique_ptr<ScoreModel> ScoreModel::from_folder(const std::filesystem::path& folder, Use use, ComputeDType dtype,
                                                    const ModelPlace& place) {
  const ModelConfig config = read_model_config(folder);
  if (!config.score)
    throw ModelError((folder / "config.json").string() +
                     ": field 'architectures': found a causal language model; allowed: a score model");
  return from_source({.path = folder, .dtype = dtype}, config.score->type, use, place);
}

// Every shard has the whole head and the hidden states of all tokens.
torch::Tensor ScoreModel::scores(const PackedTokens& packed) const {
  const Copies copies = Copies::on_all(shards());
  const auto in_float32 = [&](const char* name) { return copies.of(parameters_.at(name)).to(torch::kFloat32); };
  const std::optional<torch::Tensor> bias = config_.score->bias ? std::optional(in_float32(bias_name)) : std::nullopt;
  const torch::Tensor scores_N1 =
      token_scores(backbone_->forward(packed).to(torch::kFloat32), in_float32(weight_name), bias);
  return counted_once(shards(), scores_N1).squeeze(1);
}

torch::Tensor ScoreModel::end_scores(const PackedTokens& packed) const {
  std::vector<std::int64_t> ends;
  for (std::int64_t b = 0; b < packed.sequences(); ++b) {
    if (packed.length(b) == 0) throw std::invalid_argument(fmt::format("sequence {} has no tokens to score", b));
    ends.push_back(packed.cu_lengths[b + 1] - 1);
  }
  return normalized(scores(packed).index_select(0, torch::tensor(ends, torch::kInt64).to(device())));
}

torch::Tensor ScoreModel::normalized(const torch::Tensor& scores) const {
  if (!config_.score->do_normalize) return scores;
  return normalize(scores.unsqueeze(-1), normalizer_, normalization_of(config_.score->type)).squeeze(-1);
}

void ScoreModel::update_normalizer(const torch::Tensor& end_scores_B) {
  if (!config_.score->normalizer) return;
  const torch::Tensor scores_B1 = end_scores_B.detach().unsqueeze(1);
  switch (*config_.score->normalizer) {
    case NormalizerType::RunningMeanStd:
      normalizer_ = running_mean_std(normalizer_, scores_B1);
      break;
    case NormalizerType::ExponentialMovingAverage:
      normalizer_ = exponential_moving_average(normalizer_, scores_B1, config_.score->momentum);
      break;
  }
}

bool ScoreModel::save(const std::filesystem::path& folder) const {
  ModelConfig config = config_;
  config.score->mean = normalizer_.mean_D.item<double>();
  config.score->var = normalizer_.var_D.item<double>();
  return save_model_folder(folder, {.config = config,
                                    .parameters = parameters_,
                                    .buffers = {{mean_name, normalizer_.mean_D},
                                                {var_name, normalizer_.var_D},
                                                {count_name, torch::full({1}, normalizer_.count, torch::kInt64)}}});
}

}  // namespace ballast
