// A model with one number for each token: reward and cost models (which count at the last token) and critics (which
// count everywhere). N tokens of B sequences.
#pragma once
#include <torch/types.h>

#include <filesystem>
#include <memory>

#include "algorithms/normalizer.h"
#include "workers/model/model.h"
#include "workers/model/model_source.h"
#include "workers/model/packed_tokens.h"
#include "workers/model/shards.h"

namespace ballast {

// What one shard of a model of this type asks for when it starts from a folder with that configuration: the backbone's
// parameters and the head's. Allocates none of them. Throws ModelError if the model cannot be cut so.
std::vector<ParameterSpec> score_model_parameters(const ModelConfig& stored, ScoreType type, const Shard& shard = {});

class ScoreModel : public Model {
 public:
  // Plays `type` whatever the folder says it was: a critic starts from a reward or cost model, its head included. From
  // a causal language model it takes the backbone, and a random model has one; the head then is N(0, initializer_range)
  // from the source's seed, its bias 0. Throws ModelError or SafetensorsError.
  static std::unique_ptr<ScoreModel> from_source(const ModelSource& source, ScoreType type, Use use,
                                                 const ModelPlace& place = {});
  // As what the folder says: reward, cost or critic.
  static std::unique_ptr<ScoreModel> from_folder(const std::filesystem::path& folder, Use use,
                                                 ComputeDType dtype = ComputeDType::float32,
                                                 const ModelPlace& place = {});

  // float32 [N], before normalisation; the head's product is float32 too. Differentiable.
  torch::Tensor scores(const PackedTokens& packed) const;
  // float32 [B]: at the last token of each sequence, normalised if the configuration asks for it.
  // Throws std::invalid_argument naming a sequence without tokens.
  torch::Tensor end_scores(const PackedTokens& packed) const;
  // By the statistics of the checkpoint, if the configuration asks for it: a reward is centred and scaled, a cost only
  // scaled (zero stays the safety boundary), a value left alone.
  torch::Tensor normalized(const torch::Tensor& scores) const;

  // Whether end scores are normalised; the checkpoint says so at first.
  void set_normalize(bool normalize) { config_.score->do_normalize = normalize; }

  // How the statistics follow training; the checkpoint says so at first.
  void set_normalizer(std::optional<NormalizerType> type, double momentum) {
    config_.score->normalizer = type;
    config_.score->momentum = momentum;
  }

  // Takes raw end scores (float32 [B], of all replicas) into the statistics, by the kind of normaliser that the
  // configuration names; without one nothing happens. What training does with every batch, normalised or not.
  void update_normalizer(const torch::Tensor& end_scores_B);
  const NormalizerState& normalizer() const { return normalizer_; }

  // Writes config.json and model.safetensors in the layout of Safe RLHF, as CausalLM::save.
  bool save(const std::filesystem::path& folder) const;

 private:
  ScoreModel(ModelConfig config, Parameters parameters);

  NormalizerState normalizer_;
};

}  // namespace ballast
