#include "workers/generation/end_tokens.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/workers/model/tiny_models.h"

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::int64_t> from_files(const std::string& generation_config, const nlohmann::json& eos_in_config) {
  const TemporaryFolder folder;
  if (!generation_config.empty()) std::ofstream(folder.path() / "generation_config.json") << generation_config;
  ModelConfig config;
  config.vocab = 100;
  config.original = {{"eos_token_id", eos_in_config}};
  ModelSource source;
  source.path = folder.path();
  return end_tokens_of(source, config);
}

TEST(EndTokens, ComeFromGenerationConfigBeforeConfig) {
  EXPECT_THAT(from_files(R"({"eos_token_id": [3, 4]})", 5), ElementsAre(3, 4));
  EXPECT_THAT(from_files(R"({"eos_token_id": 3})", 5), ElementsAre(3));
  EXPECT_THAT(from_files(R"({"eos_token_id": null})", 5), ElementsAre(5));
  EXPECT_THAT(from_files("{}", nlohmann::json::array({5, 6})), ElementsAre(5, 6));
  EXPECT_THAT(from_files("", 5), ElementsAre(5));
}

TEST(EndTokens, MayBeNoneAndLeaveOutWhatTheVocabularyLacks) {
  EXPECT_TRUE(from_files("", nullptr).empty());
  EXPECT_THAT(from_files("", nlohmann::json::array({100, 99, -1})), ElementsAre(99));
}

TEST(EndTokens, OfARandomModelAreInItsShape) {
  const auto source = tiny_model(Family::Llama);
  EXPECT_THAT(end_tokens_of(source, model_config(source)), ElementsAre(2));
}

TEST(EndTokens, ThatAreGivenWinAndMustBeInTheVocabulary) {
  const auto source = tiny_model(Family::Llama);
  EXPECT_THAT(end_tokens_of(source, model_config(source), {{7, 8}}), ElementsAre(7, 8));
  EXPECT_TRUE(end_tokens_of(source, model_config(source), std::vector<std::int64_t>{}).empty());
  EXPECT_THROW(end_tokens_of(source, model_config(source), {{37}}), ModelError);
}

TEST(EndTokens, ThatAreNoIdsAreRefusedByFileAndField) {
  for (const auto* text : {R"({"eos_token_id": "</s>"})", R"({"eos_token_id": [1, 2.5]})", "{", "[1]"}) {
    try {
      from_files(text, 5);
      ADD_FAILURE() << "no error for " << text;
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), HasSubstr("generation_config.json"));
    }
  }
}

}  // namespace
}  // namespace ballast
