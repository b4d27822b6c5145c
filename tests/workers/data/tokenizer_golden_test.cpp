// Ids and texts against Hugging Face's: tokenizer_golden/make.py says how the values were made.
#include <gtest/gtest.h>

#include "tests/workers/data/golden_folder.h"
#include "workers/data/tokenizer_folder.h"

namespace ballast {
namespace {

using nlohmann::json;

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string text_of(const json& golden_case) {
  return golden_case.contains("text") ? golden_case.at("text") : json(from_hex(golden_case.at("hex")));
}

std::optional<std::int64_t> optional_id(const json& id) {
  return id.is_null() ? std::nullopt : std::optional(id.get<std::int64_t>());
}

class TokenizerGolden : public ::testing::TestWithParam<const char*> {
 protected:
  const std::filesystem::path folder_ = tokenizer_golden / GetParam();
  const std::unique_ptr<Tokenizer> tokenizer_ = load_tokenizer(folder_);
  const json cases_ = read_cases(folder_ / "cases.json");
};

TEST_P(TokenizerGolden, EncodesAsHuggingFaceDoes) {
  for (const auto& golden_case : cases_.at("encode")) {
    EXPECT_EQ(tokenizer_->encode(text_of(golden_case)), golden_case.at("ids").get<TokenIds>()) << golden_case;
  }
}

TEST_P(TokenizerGolden, DecodesAsHuggingFaceDoes) {
  for (const auto& golden_case : cases_.at("decode")) {
    EXPECT_EQ(tokenizer_->decode(golden_case.at("ids").get<TokenIds>()), golden_case.at("text")) << golden_case;
  }
}

TEST_P(TokenizerGolden, KnowsTheSpecialTokens) {
  const auto& expected = cases_.at("special");
  const auto& special = tokenizer_->special_tokens();
  EXPECT_EQ(special.bos, optional_id(expected.at("bos")));
  EXPECT_EQ(special.eos, optional_id(expected.at("eos")));
  EXPECT_EQ(special.pad, optional_id(expected.at("pad")));
  EXPECT_EQ(special.unk, optional_id(expected.at("unk")));
}

TEST_P(TokenizerGolden, EveryIdIsBelowTheVocabularySize) {
  std::int64_t largest = 0;
  for (const auto& golden_case : cases_.at("decode")) {
    for (const auto id : golden_case.at("ids").get<TokenIds>()) {
      largest = std::max(largest, id);
    }
  }
  EXPECT_LT(largest, tokenizer_->vocab_size());
}

TEST_P(TokenizerGolden, AnUnknownIdDecodesToNothing) {
  const auto ids = tokenizer_->encode("Once upon");
  auto with_unknown = ids;
  with_unknown.insert(with_unknown.end(), {tokenizer_->vocab_size(), -1, std::int64_t{1} << 40});
  EXPECT_EQ(tokenizer_->decode(with_unknown), tokenizer_->decode(ids));
}

std::string test_name(const ::testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Families, TokenizerGolden,
                         ::testing::Values("sentencepiece-bpe", "sentencepiece-unigram", "gpt2", "qwen2", "llama3"),
                         test_name);

struct Released {
  const char* name;
  const char* folder;
};

void PrintTo(const Released& released, std::ostream* out) { *out << released.folder; }

class ReleasedTokenizer : public ::testing::TestWithParam<Released> {};

TEST_P(ReleasedTokenizer, EncodesAsHuggingFaceDoes) {
  const auto folder = std::filesystem::path("../shared/data") / GetParam().folder;
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << folder << " is not here";
  }
  const TemporaryFolder copy;
  copy.copy_from(folder);
  if (std::string_view(GetParam().name) == "gpt2") {
    copy.write("tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})");
  }
  const auto tokenizer = load_tokenizer(copy.path());
  const auto cases = read_cases(tokenizer_golden / "released.json");
  for (const auto& golden_case : cases.at(GetParam().name)) {
    EXPECT_EQ(tokenizer->encode(text_of(golden_case)), golden_case.at("ids").get<TokenIds>()) << golden_case;
  }
}

std::string released_name(const ::testing::TestParamInfo<Released>& info) {
  std::string name = info.param.name;
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Released, ReleasedTokenizer,
                         ::testing::Values(Released{"stories260K-hf", "models/stories260K-hf"},
                                           Released{"mistral", "tokenizers/mistral"},
                                           Released{"qwen2", "tokenizers/qwen2"}, Released{"gpt2", "tokenizers/gpt2"}),
                         released_name);

}  // namespace
}  // namespace ballast
