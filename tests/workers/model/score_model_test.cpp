#include "workers/model/score_model.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>

#include "tests/workers/model/tiny_models.h"
#include "workers/model/causal_lm.h"
#include "workers/model/safetensors.h"

namespace ballast {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

// Sequences of 2 and 3 tokens.
PackedTokens two_sequences() {
  return {.tokens_N = torch::tensor({3, 4, 8, 9, 10}),
          .positions_N = torch::tensor({0, 1, 0, 1, 2}),
          .cu_lengths = {0, 2, 5}};
}

// A saved reward model whose normaliser has mean 3 and variance 4.
void save_normalized_model(const std::filesystem::path& folder) {
  ScoreModel::from_source(tiny_model(Family::Llama), ScoreType::Reward, Use::Infer)->save(folder);
  std::map<std::string, torch::Tensor> tensors;
  {
    const SafetensorsReader reader(folder);
    for (const std::string& name : reader.names()) tensors[name] = reader.tensor(name).clone();
  }
  tensors["normalizer.mean"].fill_(3.0);
  tensors["normalizer.var"].fill_(4.0);
  write_safetensors(folder / "model.safetensors", tensors);
}

TEST(ScoreModel, TakesTheScoreOfEachSequencesLastToken) {
  const auto model = ScoreModel::from_source(tiny_model(Family::Llama), ScoreType::Reward, Use::Infer);
  const torch::Tensor scores_N = model->scores(two_sequences());
  EXPECT_EQ(scores_N.sizes(), torch::IntArrayRef({5}));
  EXPECT_TRUE(torch::equal(model->end_scores(two_sequences()), torch::stack({scores_N[1], scores_N[4]})));
}

TEST(ScoreModel, NamesASequenceWithoutTokens) {
  const auto model = ScoreModel::from_source(tiny_model(Family::Llama), ScoreType::Reward, Use::Infer);
  const PackedTokens packed{.tokens_N = torch::tensor({3}), .positions_N = torch::tensor({0}), .cu_lengths = {0, 1, 1}};
  EXPECT_THAT([&] { model->end_scores(packed); }, ThrowsMessage<std::invalid_argument>(HasSubstr("sequence 1")));
}

TEST(ScoreModel, NormalisesByItsTypeAndOnlyWhenAsked) {
  const TemporaryFolder folder;
  save_normalized_model(folder.path());
  const auto end_score = [&](ScoreType type, bool normalize) {
    const auto model = ScoreModel::from_source({.path = folder.path()}, type, Use::Infer);
    model->set_normalize(normalize);
    return model->end_scores(two_sequences())[0].item<double>();
  };
  const double raw = end_score(ScoreType::Reward, false);
  EXPECT_NEAR(end_score(ScoreType::Reward, true), (raw - 3.0) / 2.0, 1e-6);
  EXPECT_NEAR(end_score(ScoreType::Cost, true), raw / 2.0, 1e-6);
  EXPECT_EQ(end_score(ScoreType::Critic, true), raw);
}

TEST(ScoreModel, KeepsHeadAndStatisticsThroughSavingAndLoading) {
  const TemporaryFolder folder, again;
  save_normalized_model(folder.path());
  const auto model = ScoreModel::from_folder(folder.path(), Use::Learn);
  model->set_normalize(true);
  model->save(again.path());
  const auto read = ScoreModel::from_folder(again.path(), Use::Learn);
  EXPECT_TRUE(torch::equal(read->end_scores(two_sequences()), model->end_scores(two_sequences())));
  EXPECT_TRUE(torch::equal(read->parameters().flat(), model->parameters().flat()));
}

// Scores 1 and 3: mean 2, unbiased variance 2.
TEST(ScoreModel, TakesEndScoresIntoItsStatisticsByTheKindOfNormaliser) {
  const TemporaryFolder folder, again;
  save_normalized_model(folder.path());
  const auto updated = [&](const nlohmann::json& type) {
    std::ifstream stream(folder.path() / "config.json");
    auto json = nlohmann::json::parse(stream);
    json["normalizer_type"] = type;
    json["momentum"] = 0.75;
    std::ofstream(folder.path() / "config.json") << json;
    const auto model = ScoreModel::from_folder(folder.path(), Use::Learn);
    model->update_normalizer(torch::tensor({1.0F, 3.0F}).requires_grad_());
    model->save(again.path());
    return ScoreModel::from_folder(again.path(), Use::Infer)->normalizer();
  };
  const auto moving = updated("ExponentialMovingAverage");
  EXPECT_FLOAT_EQ(moving.mean_D.item<float>(), 0.75F * 3.0F + 0.25F * 2.0F);
  EXPECT_FLOAT_EQ(moving.var_D.item<float>(), 0.75F * 4.0F + 0.25F * 2.0F);
  EXPECT_EQ(moving.count, 2);
  const auto running = updated("RunningMeanStd");  // the old statistics count 0 samples
  EXPECT_FLOAT_EQ(running.mean_D.item<float>(), 2.0F);
  EXPECT_EQ(running.count, 2);
  const auto still = updated(nullptr);
  EXPECT_EQ(still.mean_D.item<float>(), 3.0F);
  EXPECT_EQ(still.count, 0);
}

TEST(ScoreModel, StartsACriticFromARewardModelWithItsHead) {
  const TemporaryFolder folder;
  const auto reward = ScoreModel::from_source(tiny_model(Family::Gpt2), ScoreType::Reward, Use::Infer);
  reward->save(folder.path());
  const auto critic = ScoreModel::from_source({.path = folder.path(), .seed = 99}, ScoreType::Critic, Use::Learn);
  EXPECT_TRUE(torch::equal(critic->scores(two_sequences()), reward->scores(two_sequences())));
  EXPECT_EQ(critic->config().score->type, ScoreType::Critic);
}

TEST(ScoreModel, StartsFromALanguageModelWithAHeadOfItsOwn) {
  const TemporaryFolder folder;
  const auto actor = CausalLM::from_source(tiny_model(Family::Llama), Use::Infer);
  actor->save(folder.path());
  const auto model = ScoreModel::from_source({.path = folder.path(), .seed = 5}, ScoreType::Cost, Use::Learn);
  EXPECT_TRUE(torch::equal(model->parameters().at("model.embed_tokens.weight"),
                           actor->parameters().at("model.embed_tokens.weight")));
  EXPECT_FALSE(model->parameters().contains("lm_head.weight"));
  const torch::Tensor head = model->parameters().at("score_head.weight");
  EXPECT_GT(head.abs().min().item<double>(), 0.0);
  EXPECT_LT(head.abs().max().item<double>(), 5 * 0.02);
  EXPECT_EQ(model->parameters().at("score_head.bias").item<float>(), 0.0F);
}

TEST(ScoreModel, StartsFromALanguageModelWithTiedEmbeddings) {
  const TemporaryFolder folder;
  auto source = tiny_model(Family::Qwen2);
  source.random->tied_embeddings = true;
  CausalLM::from_source(source, Use::Infer)->save(folder.path());
  EXPECT_NO_THROW(ScoreModel::from_source({.path = folder.path()}, ScoreType::Reward, Use::Infer));
}

TEST(ScoreModel, RefusesAScoreModelWithoutItsHead) {
  const TemporaryFolder folder;
  ScoreModel::from_source(tiny_model(Family::Llama), ScoreType::Reward, Use::Infer)->save(folder.path());
  std::map<std::string, torch::Tensor> tensors;
  const SafetensorsReader reader(folder.path());
  for (const std::string& name : reader.names())
    if (name != "score_head.weight") tensors[name] = reader.tensor(name);
  write_safetensors(folder.path() / "model.safetensors", tensors);
  EXPECT_THAT([&] { ScoreModel::from_folder(folder.path(), Use::Infer); },
              ThrowsMessage<ModelError>(HasSubstr("'score_head.weight'")));
}

TEST(ScoreModel, IsNoCausalLanguageModelAndTheOtherWayRound) {
  const TemporaryFolder scores, words;
  ScoreModel::from_source(tiny_model(Family::Llama), ScoreType::Reward, Use::Infer)->save(scores.path());
  CausalLM::from_source(tiny_model(Family::Llama), Use::Infer)->save(words.path());
  EXPECT_THAT([&] { CausalLM::from_source({.path = scores.path()}, Use::Infer); },
              ThrowsMessage<ModelError>(HasSubstr("'architectures': found a score model")));
  EXPECT_THAT([&] { ScoreModel::from_folder(words.path(), Use::Infer); },
              ThrowsMessage<ModelError>(HasSubstr("'architectures': found a causal language model")));
}

TEST(ScoreModel, LearnsItsHeadThroughTheFlatGradient) {
  const auto model = ScoreModel::from_source(tiny_model(Family::Llama), ScoreType::Critic, Use::Learn);
  model->scores(two_sequences()).sum().backward();
  EXPECT_EQ(model->parameters().at("score_head.bias").grad().item<float>(), 5.0F);
  EXPECT_GT(model->parameters().flat_gradient().abs().sum().item<double>(), 5.0);
}

}  // namespace
}  // namespace ballast
