#include "workers/data/tokenizer_folder.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workers/data/golden_folder.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// What loading says; empty if it says nothing.
std::string refusal(const std::filesystem::path& folder) {
  try {
    load_tokenizer(folder);
    return "";
  } catch (const UserError& error) {
    return error.what();
  }
}

/// A copy of a golden folder, one file of which is changed as JSON.
std::string refusal_of_changed(const std::string& name, const std::string& file,
                               const std::function<void(json&)>& change) {
  const TemporaryFolder folder;
  folder.copy_from(tokenizer_golden / name);
  auto content = json::parse(read_text(folder.path() / file));
  change(content);
  folder.write(file, content.dump());
  return refusal(folder.path());
}

TEST(TokenizerFolder, AFolderWithoutTokenizerSaysWhatIsLookedFor) {
  const TemporaryFolder folder;
  EXPECT_FALSE(has_tokenizer(folder.path()));
  EXPECT_THAT(refusal(folder.path()), HasSubstr("tokenizer.model"));
  folder.write("vocab.json", "{}");
  EXPECT_FALSE(has_tokenizer(folder.path()));
  folder.write("merges.txt", "");
  EXPECT_TRUE(has_tokenizer(folder.path()));
  EXPECT_FALSE(has_tokenizer(folder.path() / "absent"));
}

TEST(TokenizerFolder, ASentencePieceModelNeedsNoConfiguration) {
  const TemporaryFolder folder;
  folder.write("tokenizer.model", read_text(tokenizer_golden / "sentencepiece-bpe" / "tokenizer.model"));
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_EQ(tokenizer->special_tokens().bos, 1);
  EXPECT_EQ(tokenizer->special_tokens().eos, 2);
  EXPECT_EQ(tokenizer->special_tokens().eos_text, "</s>");
  EXPECT_FALSE(tokenizer->special_tokens().pad);
  EXPECT_EQ(tokenizer->encode("</s>"), (TokenIds{1, 2}));
}

TEST(TokenizerFolder, ASpecialTokenThatTheVocabularyLacksGetsTheNextId) {
  const TemporaryFolder folder;
  folder.copy_from(tokenizer_golden / "gpt2");
  const auto before = load_tokenizer(folder.path())->vocab_size();
  folder.write("special_tokens_map.json", R"({"pad_token": "<pad>"})");
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_EQ(tokenizer->special_tokens().pad, before);
  EXPECT_EQ(tokenizer->encode("<pad>"), (TokenIds{before}));
  EXPECT_EQ(tokenizer->vocab_size(), before + 1);
}

TEST(TokenizerFolder, OlderFilesNameAddedTokens) {
  const TemporaryFolder folder;
  folder.copy_from(tokenizer_golden / "gpt2");
  const auto next = load_tokenizer(folder.path())->vocab_size();
  folder.write("added_tokens.json", fmt::format(R"({{"[ADDED]": {}}})", next));
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_EQ(tokenizer->encode("[ADDED]"), (TokenIds{next}));
  EXPECT_EQ(tokenizer->decode(TokenIds{next}), "[ADDED]");
}

TEST(TokenizerFolder, GarbageAndEveryTruncationOfASentencePieceModelAreHandled) {
  const TemporaryFolder folder;
  const auto model = read_text(tokenizer_golden / "sentencepiece-bpe" / "tokenizer.model");
  for (const std::string garbage : {"", "garbage", "{}", "\xFF\xFF\xFF\xFF"}) {
    folder.write("tokenizer.model", garbage);
    EXPECT_THAT(refusal(folder.path()), HasSubstr("tokenizer.model")) << garbage;
  }
  for (std::size_t size = 1; size < model.size(); size += 97) {
    folder.write("tokenizer.model", model.substr(0, size));
    EXPECT_THAT(refusal(folder.path()), AllOf(HasSubstr("tokenizer.model"), Not(HasSubstr("\n")))) << size;
  }
}

TEST(TokenizerFolder, TruncatedJsonIsRefusedWithItsFile) {
  for (const auto& [name, file] : {std::pair{"gpt2", "vocab.json"}, std::pair{"llama3", "tokenizer.json"},
                                   std::pair{"qwen2", "tokenizer_config.json"}}) {
    const TemporaryFolder folder;
    folder.copy_from(tokenizer_golden / name);
    const auto text = read_text(folder.path() / file);
    for (std::size_t size = 0; size + 2 < text.size(); size += 1 + text.size() / 7) {
      folder.write(file, text.substr(0, size));
      EXPECT_THAT(refusal(folder.path()), HasSubstr(file)) << size;
    }
  }
}

TEST(TokenizerFolder, MergesThatAreNoPairsAreRefusedWithTheirLine) {
  const TemporaryFolder folder;
  folder.copy_from(tokenizer_golden / "gpt2");
  for (const std::string line : {"a", "a b c", "", " a", "a "}) {
    folder.write("merges.txt", "#version: 0.2\n\xC4\xA0 t\n" + line + "\n");
    EXPECT_THAT(refusal(folder.path()), AllOf(HasSubstr("merges.txt"), HasSubstr("line 3"))) << line;
  }
  folder.write("merges.txt", "#version: 0.2\n\xC4\xA0 t");
  EXPECT_THAT(refusal(folder.path()), HasSubstr("newline"));
  folder.write("merges.txt", "#version: 0.2\nnever seen\n");
  EXPECT_THAT(refusal(folder.path()), HasSubstr("merge 1 names or makes 'never', which is no token"));
}

TEST(TokenizerFolder, MergesMayHaveWindowsLineEnds) {
  const TemporaryFolder folder;
  folder.copy_from(tokenizer_golden / "gpt2");
  const auto expected = load_tokenizer(folder.path())->encode("a ship sailed");
  std::string merges;
  for (const char c : read_text(folder.path() / "merges.txt")) {
    merges += c == '\n' ? "\r\n" : std::string(1, c);
  }
  folder.write("merges.txt", merges);
  EXPECT_EQ(load_tokenizer(folder.path())->encode("a ship sailed"), expected);
}

TEST(TokenizerFolder, AClassThatIsNotKnownIsRefused) {
  const TemporaryFolder folder;
  for (const auto* name : {"gpt2", "llama3", "sentencepiece-bpe"}) {
    folder.copy_from(tokenizer_golden / name);
    folder.write("tokenizer_config.json", R"({"tokenizer_class": "BertTokenizer"})");
    EXPECT_THAT(refusal(folder.path()), HasSubstr("BertTokenizer")) << name;
  }
}

TEST(TokenizerFolder, VocabularyFilesWithoutAClassAreRefused) {
  const TemporaryFolder folder;
  folder.copy_from(tokenizer_golden / "gpt2");
  folder.write("config.json", "{}");
  EXPECT_THAT(refusal(folder.path()), HasSubstr("tokenizer_class"));
}

struct Change {
  const char* what;
  std::function<void(json&)> change;
  const char* said;
};

TEST(TokenizerFolder, WhatIsNotKnownInTokenizerJsonIsRefusedByName) {
  const std::vector<Change> changes{
      {"model", [](json& file) { file["model"]["type"] = "WordPiece"; }, "'model.type' is 'WordPiece'"},
      {"no model", [](json& file) { file.erase("model"); }, "lacks 'model'"},
      {"dropout", [](json& file) { file["model"]["dropout"] = 0.1; }, "'model.dropout' is set"},
      {"fallback", [](json& file) { file["model"]["byte_fallback"] = true; }, "tokenizer.model"},
      {"suffix", [](json& file) { file["model"]["end_of_word_suffix"] = "</w>"; }, "end_of_word_suffix"},
      {"setting", [](json& file) { file["model"]["novelty"] = 1; }, "'novelty'"},
      {"part", [](json& file) { file["novelty"] = 1; }, "'novelty'"},
      {"vocab", [](json& file) { file["model"]["vocab"] = json::array(); }, "'model.vocab' must be an object"},
      {"id", [](json& file) { file["model"]["vocab"]["a"] = "1"; }, "'model.vocab.a' must be an integer"},
      {"negative", [](json& file) { file["model"]["vocab"]["zz"] = -1; }, "has the id -1"},
      {"huge", [](json& file) { file["model"]["vocab"]["zz"] = std::int64_t{1} << 40; }, "has the id"},
      {"twice", [](json& file) { file["model"]["vocab"]["zz"] = 1; }, "the id 1 is given to"},
      {"merge", [](json& file) { file["model"]["merges"][0] = 7; }, "'model.merges.0' must be"},
      {"short merge", [](json& file) { file["model"]["merges"][0] = json::array({"a"}); }, "must be two tokens"},
      {"unknown merge",
       [](json& file) {
         file["model"]["merges"][0] = {"q", "qq"};
       },
       "merge 1 names or makes"},
      {"byte",
       [](json& file) {
         file["model"]["vocab"].erase("a");
         file["model"]["merges"] = json::array();
       },
       "byte 97 is written as 'a', which is no token"},
      {"normalizer",
       [](json& file) {
         file["normalizer"] = {{"type", "Lowercase"}};
       },
       "'normalizer.type' is 'Lowercase'"},
      {"pre-tokenizer",
       [](json& file) {
         file["pre_tokenizer"] = {{"type", "Metaspace"}};
       },
       "'Metaspace'"},
      {"no pre-tokenizer", [](json& file) { file["pre_tokenizer"] = nullptr; }, "lacks 'pre_tokenizer'"},
      {"behavior", [](json& file) { file["pre_tokenizer"]["pretokenizers"][0]["behavior"] = "Removed"; }, "Isolated"},
      {"invert", [](json& file) { file["pre_tokenizer"]["pretokenizers"][0]["invert"] = true; }, "invert"},
      {"regex", [](json& file) { file["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "("; },
       "cannot be used"},
      {"pattern",
       [](json& file) {
         file["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {{"String", "a"}};
       },
       "Regex"},
      {"order", [](json& file) { file["pre_tokenizer"]["pretokenizers"].erase(1); }, "last ByteLevel"},
      {"nothing", [](json& file) { file["pre_tokenizer"]["pretokenizers"] = json::array(); }, "ByteLevel"},
      {"processor",
       [](json& file) {
         file["post_processor"] = {{"type", "BertProcessing"}};
       },
       "BertProcessing"},
      {"template", [](json& file) { file["post_processor"]["processors"][1]["special_tokens"] = json::object(); },
       "begin_of_text"},
      {"template text", [](json& file) { file["post_processor"]["processors"][1]["single"].erase(1); }, "Sequence A"},
      {"decoder",
       [](json& file) {
         file["decoder"] = {{"type", "WordPiece"}};
       },
       "'decoder.type' is 'WordPiece'"},
      {"flag", [](json& file) { file["added_tokens"][0]["novelty"] = true; }, "'novelty'"},
      {"added id", [](json& file) { file["added_tokens"][0]["id"] = 3; }, "the id 3 is given to"},
      {"added content", [](json& file) { file["added_tokens"][0]["content"] = "a"; }, "the added token 'a'"},
      {"added type", [](json& file) { file["added_tokens"] = 1; }, "'added_tokens' must be an array"},
      {"no object", [](json& file) { file = json::array(); }, "must be an object"}};
  for (const auto& [what, change, said] : changes) {
    EXPECT_THAT(refusal_of_changed("llama3", "tokenizer.json", change),
                AllOf(HasSubstr("tokenizer.json: "), HasSubstr(said)))
        << what;
  }
}

TEST(TokenizerFolder, WhatIsWrongInTheConfigurationIsRefusedByName) {
  const std::vector<Change> changes{
      {"type", [](json& file) { file["add_prefix_space"] = "yes"; }, "'add_prefix_space' must be true or false"},
      {"token", [](json& file) { file["eos_token"] = 2; }, "'eos_token' must be an object"},
      {"content", [](json& file) { file["eos_token"] = json::object(); }, "lacks 'content'"},
      {"decoder id",
       [](json& file) {
         file["added_tokens_decoder"]["x"] = {{"content", "[A]"}};
       },
       "a number"},
      {"split", [](json& file) { file["split_special_tokens"] = true; }, "split_special_tokens"},
      {"sampling",
       [](json& file) {
         file["sp_model_kwargs"] = {{"enable_sampling", true}};
       },
       "sp_model_kwargs"},
      {"errors", [](json& file) { file["errors"] = "strict"; }, "'replace'"},
      {"additional", [](json& file) { file["additional_special_tokens"] = "x"; }, "must be an array"}};
  for (const auto& [what, change, said] : changes) {
    EXPECT_THAT(refusal_of_changed("qwen2", "tokenizer_config.json", change),
                AllOf(HasSubstr("tokenizer_config.json: "), HasSubstr(said)))
        << what;
  }
}

}  // namespace
}  // namespace ballast
