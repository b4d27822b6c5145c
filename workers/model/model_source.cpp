#include "workers/model/model_source.h"

#include "workers/model/registry.h"

namespace ballast {
namespace {

nlohmann::json gpt2_json(const RandomModelConfig& shape) {
  return {{"model_type", "gpt2"},
          {"n_embd", shape.hidden},
          {"n_inner", shape.intermediate},
          {"n_layer", shape.layers},
          {"n_head", shape.heads},
          {"n_positions", shape.max_length},
          {"activation_function", "gelu_new"}};
}

nlohmann::json llama_json(const RandomModelConfig& shape) {
  return {{"model_type", enum_names(Family{})[static_cast<std::size_t>(shape.family)].second},
          {"hidden_size", shape.hidden},
          {"intermediate_size", shape.intermediate},
          {"num_hidden_layers", shape.layers},
          {"num_attention_heads", shape.heads},
          {"num_key_value_heads", shape.kv_heads},
          {"max_position_embeddings", shape.max_length},
          {"tie_word_embeddings", shape.tied_embeddings},
          {"sliding_window", nullptr},  // Mistral's default is a window
          {"hidden_act", "silu"}};
}

// By way of config.json, so that a random model is checked and saved like any other.
ModelConfig random_model_config(const RandomModelConfig& shape) {
  nlohmann::json json = shape.family == Family::Gpt2 ? gpt2_json(shape) : llama_json(shape);
  json["architectures"] = {architecture_of(shape.family, Head::LanguageModel).name};
  json["vocab_size"] = shape.vocab;
  json["initializer_range"] = shape.initializer_range;
  json["bos_token_id"] = shape.bos;
  json["eos_token_id"] = shape.eos;
  json["pad_token_id"] = shape.pad;
  ModelConfig config = parse_model_config(json, "model.random");
  config.scale_residual_projections = shape.scale_residual_projections;
  return config;
}

}  // namespace

ModelConfig model_config(const ModelSource& source) {
  if (source.path.has_value() == source.random.has_value())
    throw ModelError("model: found neither or both of 'path' and 'random'; allowed: exactly one of them");
  return source.path ? read_model_config(*source.path) : random_model_config(*source.random);
}

}  // namespace ballast
