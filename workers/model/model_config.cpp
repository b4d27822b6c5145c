// Defaults of absent keys are those of transformers 4.57.
#include "workers/model/model_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>

#include "workers/model/config_fields.h"
#include "workers/model/registry.h"

namespace ballast {
namespace {

using std::int64_t;

std::string allowed_names() {
  std::vector<std::string_view> names;
  for (const Architecture& architecture : architectures()) names.push_back(architecture.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// Which row of the registry the file asks for: by `architectures`, else by `model_type` as a language model.
const Architecture& architecture_in(const ConfigFields& fields) {
  const std::string model_type = fields.text("model_type", "");
  const auto family = std::find_if(family_names.begin(), family_names.end(),
                                   [&](const auto& entry) { return entry.second == model_type; });
  if (!model_type.empty() && family == family_names.end()) fields.refuse("model_type", "llama, mistral, qwen2, gpt2");
  if (!fields.given("architectures")) {
    if (model_type.empty()) fields.refuse("architectures", allowed_names());
    return architecture_of(family->first, Head::LanguageModel);
  }
  const nlohmann::json& names = fields.at("architectures");
  if (!names.is_array() || names.size() != 1) fields.refuse("architectures", "a list of one of " + allowed_names());
  const auto rows = architectures();
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Architecture& a) { return names[0] == a.name; });
  if (row == rows.end()) fields.refuse("architectures", allowed_names());
  if (!model_type.empty() && row->family != family->first)
    fields.refuse("model_type", fmt::format("the family of {}", row->name));
  return *row;
}

// Newer files say `rope_type`, older ones `type`; transformers 5 moves theta and scaling into `rope_parameters`.
void parse_rope(const ConfigFields& fields, const std::filesystem::path& file, ModelConfig& config) {
  config.rope_theta = fields.positive("rope_theta", 10000.0);
  fields.require("partial_rotary_factor", 1.0);
  const char* name = fields.given("rope_parameters") ? "rope_parameters" : "rope_scaling";
  if (!fields.given(name)) return;
  if (!fields.at(name).is_object()) fields.refuse(name, "null or an object");
  const ConfigFields rope(fields.at(name), file, fmt::format("{}.", name));
  config.rope_theta = rope.positive("rope_theta", config.rope_theta);
  const char* key = rope.given("rope_type") ? "rope_type" : "type";
  const std::string type = rope.text(key, "default");
  if (type == "default") return;
  if (type != "linear" && type != "llama3") rope.refuse(key, "default, linear, llama3");
  if (!rope.given("factor")) rope.refuse("factor", "a number above 0");
  RopeScaling scaling{.factor = rope.positive("factor", 1.0)};
  if (type == "llama3") {
    scaling.type = RopeScalingType::Llama3;
    scaling.low_frequency_factor = rope.positive("low_freq_factor", 1.0);
    scaling.high_frequency_factor = rope.positive("high_freq_factor", 4.0);
    scaling.original_max_positions = rope.count("original_max_position_embeddings", config.max_positions);
    if (scaling.high_frequency_factor <= scaling.low_frequency_factor)
      rope.refuse("high_freq_factor", "more than low_freq_factor");
  }
  config.rope_scaling = scaling;
}

// Every layer costs memory before the first tensor's shape can be held against the file.
int64_t layer_count(const ConfigFields& fields, const char* name, int64_t fallback) {
  const int64_t layers = fields.count(name, fallback);
  if (layers > 10000) fields.refuse(name, "at most 10000 layers");
  return layers;
}

struct LlamaDefaults {
  int64_t vocab = 32000;
  int64_t intermediate = 11008;
  int64_t kv_heads = 0;  // 0: as many as heads
  int64_t max_positions = 2048;
};

void parse_llama_shape(const ConfigFields& fields, const LlamaDefaults& defaults, ModelConfig& config) {
  fields.require("hidden_act", "silu");
  config.vocab = fields.count("vocab_size", defaults.vocab);
  config.hidden = fields.count("hidden_size", 4096);
  config.intermediate = fields.count("intermediate_size", defaults.intermediate);
  config.layers = layer_count(fields, "num_hidden_layers", 32);
  config.heads = fields.count("num_attention_heads", 32);
  const bool own_default = !fields.contains("num_key_value_heads") && defaults.kv_heads > 0;
  config.kv_heads = fields.count("num_key_value_heads", own_default ? defaults.kv_heads : config.heads);
  config.max_positions = fields.count("max_position_embeddings", defaults.max_positions);
  config.norm_epsilon = fields.positive("rms_norm_eps", 1e-6);
  config.tied_embeddings = fields.boolean("tie_word_embeddings", false);
  if (!fields.given("head_dim") && config.hidden % config.heads != 0)
    fields.refuse("num_attention_heads", "a divisor of hidden_size");
  config.head_dim = fields.count("head_dim", config.hidden / config.heads);
  if (config.head_dim % 2 != 0) fields.refuse("head_dim", "an even number");
  if (config.heads % config.kv_heads != 0) fields.refuse("num_key_value_heads", "a divisor of num_attention_heads");
  config.window.resize(config.layers);
}

void parse_llama(const ConfigFields& fields, ModelConfig& config) {
  parse_llama_shape(fields, {}, config);
  config.qkv_bias = config.output_bias = fields.boolean("attention_bias", false);
  config.mlp_bias = fields.boolean("mlp_bias", false);
}

void parse_mistral(const ConfigFields& fields, ModelConfig& config) {
  parse_llama_shape(fields, {.intermediate = 14336, .kv_heads = 8, .max_positions = 4096 * 32}, config);
  const bool unlimited = fields.contains("sliding_window") && !fields.given("sliding_window");
  if (!unlimited) std::fill(config.window.begin(), config.window.end(), fields.count("sliding_window", 4096));
}

void parse_qwen2(const ConfigFields& fields, ModelConfig& config) {
  parse_llama_shape(fields, {.vocab = 151936, .intermediate = 22016, .kv_heads = 32, .max_positions = 32768}, config);
  config.qkv_bias = true;
  std::optional<int64_t> window;
  if (fields.boolean("use_sliding_window", false)) window = fields.count("sliding_window", 4096);
  const int64_t first_windowed = fields.count("max_window_layers", 28, 0);
  if (!fields.given("layer_types")) {
    for (int64_t i = first_windowed; i < config.layers; ++i) config.window[i] = window;
    return;
  }
  const nlohmann::json& types = fields.at("layer_types");
  if (!types.is_array() || static_cast<int64_t>(types.size()) != config.layers)
    fields.refuse("layer_types", "a list with one entry for each layer");
  for (int64_t i = 0; i < config.layers; ++i) {
    if (types[i] == "full_attention") continue;
    if (types[i] != "sliding_attention") fields.refuse("layer_types", "entries full_attention, sliding_attention");
    if (!window) fields.refuse("layer_types", "sliding_attention only together with use_sliding_window");
    config.window[i] = window;
  }
}

void parse_gpt2(const ConfigFields& fields, ModelConfig& config) {
  fields.require("activation_function", "gelu_new");
  fields.require("add_cross_attention", false);
  config.vocab = fields.count("vocab_size", 50257);
  config.max_positions = fields.count("n_positions", 1024);
  config.hidden = fields.count("n_embd", 768);
  config.layers = layer_count(fields, "n_layer", 12);
  config.heads = config.kv_heads = fields.count("n_head", 12);
  config.intermediate = fields.count("n_inner", 4 * config.hidden);
  config.norm_epsilon = fields.positive("layer_norm_epsilon", 1e-5);
  config.tied_embeddings = fields.boolean("tie_word_embeddings", true);
  config.scale_attention = fields.boolean("scale_attn_weights", true);
  config.scale_attention_by_layer = fields.boolean("scale_attn_by_inverse_layer_idx", false);
  if (config.hidden % config.heads != 0) fields.refuse("n_head", "a divisor of n_embd");
  config.head_dim = config.hidden / config.heads;
  config.qkv_bias = config.output_bias = config.mlp_bias = true;
  config.window.resize(config.layers);
}

template <typename Enum>
std::string_view name_of(Enum value) {
  return enum_names(value)[static_cast<std::size_t>(value)].second;
}

// `mean` and `var` are lists of score_dim = 1 numbers.
double statistic(const ConfigFields& fields, const char* name, double fallback) {
  if (!fields.given(name)) return fallback;
  const nlohmann::json& values = fields.at(name);
  if (!values.is_array() || values.size() != 1 || !values[0].is_number()) fields.refuse(name, "a list of one number");
  return values[0].get<double>();
}

void parse_normalizer(const ConfigFields& fields, ScoreHeadConfig& head) {
  head.do_normalize = fields.boolean("do_normalize", false);
  head.momentum = fields.number("momentum", head.momentum);
  if (head.momentum < 0.0 || head.momentum > 1.0) fields.refuse("momentum", "a number from 0 to 1");
  head.mean = statistic(fields, "mean", 0.0);
  head.var = statistic(fields, "var", 1.0);
  if (!fields.given("normalizer_type")) return;
  const std::string type = fields.text("normalizer_type", "");
  const auto entry = std::find_if(normalizer_type_names.begin(), normalizer_type_names.end(),
                                  [&](const auto& candidate) { return candidate.second == type; });
  if (entry == normalizer_type_names.end())
    fields.refuse("normalizer_type", "null, RunningMeanStd, ExponentialMovingAverage");
  head.normalizer = entry->first;
}

ScoreHeadConfig parse_score_head(const ConfigFields& fields) {
  fields.require("score_dim", 1);
  const std::string type = fields.text("score_type", "reward");
  const auto entry = std::find_if(score_type_names.begin(), score_type_names.end(),
                                  [&](const auto& candidate) { return candidate.second == type; });
  if (entry == score_type_names.end()) fields.refuse("score_type", "reward, cost, critic");
  ScoreHeadConfig head{.type = entry->first};
  head.bias = fields.boolean("score_bias", fields.boolean("bias", true));  // released checkpoints say `bias`
  parse_normalizer(fields, head);
  return head;
}

// One label is what makes a classifier a score model; transformers' default is two.
ScoreHeadConfig parse_classifier(const ConfigFields& fields) {
  if (fields.given("id2label")) {
    if (fields.at("id2label").size() != 1) fields.refuse("id2label", "one label");
  } else if (fields.count("num_labels", 2) != 1) {
    fields.refuse("num_labels", "1");
  }
  return {.bias = false};
}

}  // namespace

ModelConfig parse_model_config(const nlohmann::json& json, const std::filesystem::path& file) {
  if (!json.is_object()) throw ModelError(file.string() + ": found no JSON object; allowed: a model's config.json");
  const ConfigFields fields(json, file);
  const Architecture& architecture = architecture_in(fields);
  if (fields.given("quantization_config")) fields.refuse("quantization_config", "null: weights are not quantised");
  ModelConfig config;
  config.family = architecture.family;
  config.head = architecture.head;
  config.initializer_range = fields.positive("initializer_range", 0.02);
  switch (config.family) {
    case Family::Llama:
      parse_llama(fields, config);
      break;
    case Family::Mistral:
      parse_mistral(fields, config);
      break;
    case Family::Qwen2:
      parse_qwen2(fields, config);
      break;
    case Family::Gpt2:
      parse_gpt2(fields, config);
      break;
  }
  if (config.family != Family::Gpt2) parse_rope(fields, file, config);
  if (config.head == Head::Score) config.score = parse_score_head(fields);
  if (config.head == Head::SequenceClassification) config.score = parse_classifier(fields);
  config.original = json;
  return config;
}

ModelConfig read_model_config(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json";
  std::ifstream stream(file);
  if (!stream) throw ModelError(fmt::format("{}: cannot be read; allowed: a Hugging Face model folder", file.string()));
  const nlohmann::json json = nlohmann::json::parse(stream, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) throw ModelError(file.string() + ": found text that is not JSON; allowed: a JSON object");
  return parse_model_config(json, file);
}

nlohmann::json to_json(const ModelConfig& config, ComputeDType dtype) {
  nlohmann::json json = config.original;
  const Head head = config.is_causal_lm() ? Head::LanguageModel : Head::Score;
  json["architectures"] = {architecture_of(config.family, head).name};
  json.erase("dtype");
  json["torch_dtype"] = name_of(dtype);  // every version of transformers reads this key
  for (const char* key :
       {"bias", "score_bias", "score_dim", "score_type", "do_normalize", "normalizer_type", "momentum", "mean", "var"})
    json.erase(key);
  if (!config.score) return json;
  json["score_dim"] = 1;
  json["score_bias"] = config.score->bias;
  json["score_type"] = name_of(config.score->type);
  json["do_normalize"] = config.score->do_normalize;
  json["normalizer_type"] = nullptr;
  if (config.score->normalizer) json["normalizer_type"] = name_of(*config.score->normalizer);
  if (config.score->normalizer == NormalizerType::ExponentialMovingAverage) json["momentum"] = config.score->momentum;
  json["mean"] = {config.score->mean};
  json["var"] = {config.score->var};
  return json;
}

}  // namespace ballast
