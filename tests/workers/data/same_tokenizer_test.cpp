#include "workers/data/same_tokenizer.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/workers/model/tiny_models.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

void write(const TemporaryFolder& folder, const char* file, const char* text) { std::ofstream(folder.path() / file) << text; }

struct TwoFolders : ::testing::Test {
  TwoFolders() {
    for (const auto* folder : {&one, &other}) {
      write(*folder, "tokenizer.model", "pieces");
      write(*folder, "tokenizer_config.json", R"({"add_bos_token": true, "name_or_path": "here"})");
    }
  }
  bool same() const { return same_tokenizer(one.path(), other.path()); }

  TemporaryFolder one, other;
};

using SameTokenizer = TwoFolders;

TEST_F(SameTokenizer, HasTheSameVocabulary) {
  EXPECT_TRUE(same());
  write(other, "tokenizer.model", "Pieces");
  EXPECT_FALSE(same());
}

TEST_F(SameTokenizer, HasTheSameFiles) {
  write(other, "added_tokens.json", R"({"<pad>": 9})");
  EXPECT_FALSE(same());
}

TEST_F(SameTokenizer, MayDifferInLayoutAndInWhatChangesNoToken) {
  write(other, "tokenizer_config.json", "{\"name_or_path\": \"there\",\n \"padding_side\": \"left\", \"add_bos_token\": true}");
  EXPECT_TRUE(same());
  write(other, "tokenizer_config.json", R"({"add_bos_token": false})");
  EXPECT_FALSE(same());
}

TEST_F(SameTokenizer, NeedsSettingsThatAreJson) {
  write(other, "tokenizer_config.json", "{");
  EXPECT_THROW(same(), UserError);
}

}  // namespace
}  // namespace ballast
