#include "workers/model/model_config.h"

#include <gmock/gmock.h>

#include "workers/model/model_source.h"

namespace ballast {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

ModelConfig parse(const json& object) { return parse_model_config(object, "folder/config.json"); }

json small(const char* model_type) {
  return {{"model_type", model_type}, {"vocab_size", 10},       {"hidden_size", 8},
          {"intermediate_size", 12},  {"num_hidden_layers", 2}, {"num_attention_heads", 4}};
}

void expect_refused(const json& object, const std::string& field, const std::string& found) {
  EXPECT_THAT([&] { parse(object); },
              ThrowsMessage<ModelError>(AllOf(HasSubstr("folder/config.json"), HasSubstr("'" + field + "'"),
                                              HasSubstr(found), HasSubstr("allowed"))));
}

TEST(ModelConfig, TakesTransformersDefaultsForWhatLlamaLeavesOut) {
  const auto config = parse(small("llama"));
  EXPECT_EQ(config.kv_heads, 4);
  EXPECT_EQ(config.head_dim, 2);
  EXPECT_EQ(config.max_positions, 2048);
  EXPECT_EQ(config.rope_theta, 10000.0);
  EXPECT_EQ(config.norm_epsilon, 1e-6);
  EXPECT_FALSE(config.rope_scaling || config.tied_embeddings || config.qkv_bias || config.mlp_bias);
}

TEST(ModelConfig, GivesMistralEightKeyHeadsAndAWindowUnlessTheyAreNull) {
  json object = small("mistral");
  object["hidden_size"] = 16;
  object["num_attention_heads"] = 8;
  EXPECT_EQ(parse(object).kv_heads, 8);
  EXPECT_THAT(parse(object).window, ElementsAre(4096, 4096));
  object["num_key_value_heads"] = nullptr;
  object["sliding_window"] = nullptr;
  object["num_attention_heads"] = 4;
  EXPECT_EQ(parse(object).kv_heads, 4);
  EXPECT_THAT(parse(object).window, ElementsAre(std::nullopt, std::nullopt));
}

TEST(ModelConfig, GivesQwen2ItsWindowOnlyFromMaxWindowLayersOnAndOnlyWhenAsked) {
  json object = small("qwen2");
  object["num_key_value_heads"] = 4;
  object["sliding_window"] = 5;
  object["max_window_layers"] = 1;
  EXPECT_THAT(parse(object).window, ElementsAre(std::nullopt, std::nullopt));
  object["use_sliding_window"] = true;
  EXPECT_THAT(parse(object).window, ElementsAre(std::nullopt, 5));
  object["layer_types"] = {"sliding_attention", "full_attention"};
  EXPECT_THAT(parse(object).window, ElementsAre(5, std::nullopt));
  EXPECT_TRUE(parse(object).qkv_bias);
  EXPECT_FALSE(parse(object).output_bias);
}

TEST(ModelConfig, TiesGpt2sEmbeddingsUnlessTold) {
  EXPECT_TRUE(parse({{"model_type", "gpt2"}}).tied_embeddings);
  EXPECT_EQ(parse({{"model_type", "gpt2"}, {"n_embd", 24}, {"n_inner", nullptr}}).intermediate, 96);
}

TEST(ModelConfig, ReadsBothSpellingsOfRopeScaling) {
  json object = small("llama");
  object["rope_scaling"] = {{"type", "linear"}, {"factor", 2.0}};
  EXPECT_EQ(parse(object).rope_scaling->factor, 2.0);
  object["rope_scaling"] = {{"rope_type", "llama3"}, {"factor", 8}, {"original_max_position_embeddings", 64}};
  EXPECT_EQ(parse(object).rope_scaling->type, RopeScalingType::Llama3);
  EXPECT_EQ(parse(object).rope_scaling->original_max_positions, 64);
}

TEST(ModelConfig, ReadsTheReleasedScoreModelsLayout) {
  json object = small("llama");
  object["architectures"] = {"LlamaModelForScore"};
  object["bias"] = false;
  const auto config = parse(object);
  EXPECT_FALSE(config.score->bias);
  EXPECT_FALSE(config.score->do_normalize);
  EXPECT_EQ(config.score->type, ScoreType::Reward);
}

TEST(ModelConfig, RefusesWhatItDoesNotKnowByName) {
  const auto with = [](const char* field, const json& value) {
    json object = small("llama");
    object[field] = value;
    return object;
  };
  expect_refused(with("model_type", "bloom"), "model_type", "\"bloom\"");
  expect_refused(with("architectures", {"BloomForCausalLM"}), "architectures", "BloomForCausalLM");
  expect_refused(with("architectures", {"MistralForCausalLM"}), "model_type", "\"llama\"");
  expect_refused(with("hidden_act", "gelu"), "hidden_act", "\"gelu\"");
  expect_refused(with("rope_scaling", {{"rope_type", "yarn"}, {"factor", 2.0}}), "rope_scaling.rope_type", "\"yarn\"");
  expect_refused(with("rope_scaling", {{"rope_type", "linear"}}), "rope_scaling.factor", "nothing");
  expect_refused(with("quantization_config", json::object()), "quantization_config", "{}");
  expect_refused(with("num_hidden_layers", 0), "num_hidden_layers", "0");
  expect_refused(with("num_hidden_layers", "2"), "num_hidden_layers", "\"2\"");
  expect_refused(with("num_attention_heads", 3), "num_attention_heads", "3");
  expect_refused(with("num_key_value_heads", 3), "num_key_value_heads", "3");
  expect_refused(with("head_dim", 3), "head_dim", "3");
  expect_refused(with("tie_word_embeddings", 1), "tie_word_embeddings", "1");
  expect_refused({{"model_type", "gpt2"}, {"activation_function", "relu"}}, "activation_function", "\"relu\"");
  expect_refused(json::object(), "architectures", "nothing");
}

TEST(ModelConfig, RefusesAClassifierOfSeveralLabels) {
  json object = small("llama");
  object["architectures"] = {"LlamaForSequenceClassification"};
  expect_refused(object, "num_labels", "nothing");  // transformers' default is two
  object["id2label"] = {{"0", "LABEL_0"}};
  EXPECT_FALSE(parse(object).score->bias);
}

TEST(ModelConfig, KeepsUnknownKeysAndReadsBackWhatItWrote) {
  json object = small("llama");
  object["architectures"] = {"LlamaModelForScore"};
  object["bias"] = false;
  object["summary"] = "kept";
  auto config = parse(object);
  config.score->type = ScoreType::Cost;
  config.score->var = 2.5;
  const json written = to_json(config, ComputeDType::float32);
  EXPECT_EQ(written.at("summary"), "kept");
  EXPECT_EQ(written.at("architectures"), json({"LlamaForScore"}));
  EXPECT_FALSE(written.contains("bias"));
  const auto again = parse(written);
  EXPECT_EQ(again.score->type, ScoreType::Cost);
  EXPECT_EQ(again.score->var, 2.5);
  EXPECT_FALSE(again.score->bias);
}

TEST(ModelConfig, KeepsTheNormaliserOfAScoreModel) {
  json object = small("llama");
  object["architectures"] = {"LlamaForScore"};
  EXPECT_FALSE(parse(object).score->normalizer);
  EXPECT_TRUE(to_json(parse(object), ComputeDType::float32).at("normalizer_type").is_null());
  object["normalizer_type"] = "ExponentialMovingAverage";
  object["momentum"] = 0.75;
  const json moving = to_json(parse(object), ComputeDType::float32);
  EXPECT_EQ(moving.at("normalizer_type"), "ExponentialMovingAverage");
  EXPECT_EQ(moving.at("momentum"), 0.75);
  object["normalizer_type"] = "RunningMeanStd";
  EXPECT_EQ(parse(object).score->normalizer, NormalizerType::RunningMeanStd);
  EXPECT_FALSE(to_json(parse(object), ComputeDType::float32).contains("momentum"));
  object["momentum"] = 1.5;
  expect_refused(object, "momentum", "1.5");
  object["momentum"] = nullptr;
  object["normalizer_type"] = "Median";
  expect_refused(object, "normalizer_type", "Median");
}

TEST(ModelConfig, SaysWhatItsTensorsAreHeldIn) {
  EXPECT_EQ(to_json(parse(small("llama")), ComputeDType::float32).at("torch_dtype"), "float32");
  EXPECT_EQ(to_json(parse(small("llama")), ComputeDType::bfloat16).at("torch_dtype"), "bfloat16");
}

TEST(ModelConfig, RefusesMoreLayersThanAnyModelHas) {
  json object = small("llama");
  object["num_hidden_layers"] = 1 << 30;
  expect_refused(object, "num_hidden_layers", "1073741824");
}

TEST(ModelSource, RefusesNeitherAndBothOfPathAndRandom) {
  EXPECT_THROW(model_config(ModelSource{}), ModelError);
  EXPECT_THROW(model_config(ModelSource{.path = "somewhere", .random = RandomModelConfig{}}), ModelError);
}

TEST(ModelSource, RefusesARandomShapeLikeAFile) {
  EXPECT_THAT([] { model_config(ModelSource{.random = RandomModelConfig{.hidden = 10, .heads = 4}}); },
              ThrowsMessage<ModelError>(HasSubstr("num_attention_heads")));
}

TEST(ModelConfig, NamesAFolderWithoutConfigAndAFileThatIsNoJson) {
  EXPECT_THAT([] { read_model_config("no/such/folder"); },
              ThrowsMessage<ModelError>(HasSubstr("no/such/folder/config.json")));
}

}  // namespace
}  // namespace ballast
