// The shape of a model, as Hugging Face's config.json states it. No torch.
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workers/model/compute_dtype.h"
#include "workers/user_error.h"

namespace ballast {

// A model folder or a model setting that we cannot use; the text is one sentence for the user.
struct ModelError : UserError {
  using UserError::UserError;
};

enum class Family : std::uint8_t { Llama, Mistral, Qwen2, Gpt2 };

// The names are config.json's `model_type`.
inline constexpr std::array<std::pair<Family, std::string_view>, 4> family_names{{
    {Family::Llama, "llama"},
    {Family::Mistral, "mistral"},
    {Family::Qwen2, "qwen2"},
    {Family::Gpt2, "gpt2"},
}};
constexpr const auto& enum_names(Family) { return family_names; }

// What sits on the backbone. SequenceClassification differs from Score in the head's name (`score`) and has no bias.
enum class Head : std::uint8_t { LanguageModel, Score, SequenceClassification };

enum class ScoreType : std::uint8_t { Reward, Cost, Critic };

inline constexpr std::array<std::pair<ScoreType, std::string_view>, 3> score_type_names{{
    {ScoreType::Reward, "reward"},
    {ScoreType::Cost, "cost"},
    {ScoreType::Critic, "critic"},
}};
constexpr const auto& enum_names(ScoreType) { return score_type_names; }

// How a score model's statistics follow its end scores in training.
enum class NormalizerType : std::uint8_t { RunningMeanStd, ExponentialMovingAverage };

inline constexpr std::array<std::pair<NormalizerType, std::string_view>, 2> normalizer_type_names{{
    {NormalizerType::RunningMeanStd, "RunningMeanStd"},
    {NormalizerType::ExponentialMovingAverage, "ExponentialMovingAverage"},
}};
constexpr const auto& enum_names(NormalizerType) { return normalizer_type_names; }

enum class RopeScalingType : std::uint8_t { Linear, Llama3 };

// The last three belong to Llama3 alone.
struct RopeScaling {
  RopeScalingType type = RopeScalingType::Linear;
  double factor = 1.0;
  double low_frequency_factor = 1.0;
  double high_frequency_factor = 4.0;
  std::int64_t original_max_positions = 8192;
};

// The head of a score model and the statistics of its normaliser, in the layout of Safe RLHF.
struct ScoreHeadConfig {
  ScoreType type = ScoreType::Reward;
  bool bias = true;
  bool do_normalize = false;
  std::optional<NormalizerType> normalizer;  // empty: the statistics stay as they are
  double momentum = 0.9;                     // of ExponentialMovingAverage: what the old statistics count
  double mean = 0.0;
  double var = 1.0;
};

// Sizes count elements, windows count tokens. Defaults that depend on the family are filled in by the parser.
struct ModelConfig {
  Family family = Family::Llama;
  Head head = Head::LanguageModel;
  std::int64_t vocab = 0;
  std::int64_t hidden = 0;
  std::int64_t intermediate = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t max_positions = 0;
  double norm_epsilon = 1e-6;
  double initializer_range = 0.02;
  bool scale_residual_projections = false;  // initial weights over sqrt(2 layers) there; no key of config.json
  double rope_theta = 10000.0;
  std::optional<RopeScaling> rope_scaling;
  bool qkv_bias = false;
  bool output_bias = false;  // of attention's output projection
  bool mlp_bias = false;
  bool tied_embeddings = false;                        // lm_head shares the embedding's weight
  std::vector<std::optional<std::int64_t>> window;     // [layers] keys that a query sees, itself included; empty: all
  bool scale_attention = true;                         // GPT-2: scores over sqrt(head_dim) ...
  bool scale_attention_by_layer = false;               // ... and over (layer index + 1)
  std::optional<ScoreHeadConfig> score;                // given unless head is LanguageModel
  nlohmann::json original = nlohmann::json::object();  // what was read: keys that mean nothing to us survive saving

  bool is_causal_lm() const { return head == Head::LanguageModel; }
};

// Reads FOLDER/config.json. Throws ModelError naming file, field, what was found and what is allowed.
ModelConfig read_model_config(const std::filesystem::path& folder);

// The same from parsed JSON; `file` is for messages.
ModelConfig parse_model_config(const nlohmann::json& json, const std::filesystem::path& file);

// config.json of a checkpoint with tensors of `dtype` that transformers (causal models) and Safe RLHF (score models)
// open.
nlohmann::json to_json(const ModelConfig& config, ComputeDType dtype);

}  // namespace ballast
