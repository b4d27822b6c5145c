#include "workers/data/added_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Tokens in angle brackets.
std::vector<std::string> shown(const std::vector<TextPiece>& pieces) {
  std::vector<std::string> texts;
  for (const auto& piece : pieces) {
    texts.push_back(piece.token != nullptr ? "<" + piece.token->content + ">" : piece.text);
  }
  return texts;
}

TEST(AddedTokens, TheLeftmostMatchIsTakenAndThereTheLongest) {
  const AddedTokenSearch search({{.content = "id_1"}, {.content = "id_100"}, {.content = "extra_id_1"}});
  EXPECT_THAT(shown(search.split("an extra_id_100 id_1002")),
              ElementsAre("an ", "<extra_id_1>", "00 ", "<id_100>", "2"));
}

TEST(AddedTokens, ATextWithoutTokensIsOnePieceAndAnEmptyOneNone) {
  const AddedTokenSearch search({{.content = ""}, {.content = "[X]"}});
  EXPECT_THAT(shown(search.split("text [X")), ElementsAre("text [X"));
  EXPECT_THAT(shown(search.split("")), IsEmpty());
  EXPECT_EQ(search.find(""), nullptr);
  EXPECT_NE(search.find("[X]"), nullptr);
}

TEST(AddedTokens, ATokenTakesTheSpaceAroundItIfItSaysSo) {
  const AddedTokenSearch search(
      {{.content = "[L]", .lstrip = true}, {.content = "[R]", .rstrip = true}, {.content = "[N]"}});
  const std::string text = "a \xC2\xA0[L] b [R]\n c [N] d";
  EXPECT_THAT(shown(search.split_with_flags(text)), ElementsAre("a", "<[L]>", " b ", "<[R]>", "c ", "<[N]>", " d"));
  EXPECT_THAT(shown(search.split_then_flags(text)), ElementsAre("a", "<[L]>", " b ", "<[R]>", "c ", "<[N]>", " d"));
}

TEST(AddedTokens, TheInformationSeparatorIsSpaceForPythonOnly) {
  const AddedTokenSearch search({{.content = "[L]", .lstrip = true}});
  EXPECT_THAT(shown(search.split_with_flags("a\x1C[L]")), ElementsAre("a\x1C", "<[L]>"));
  EXPECT_THAT(shown(search.split_then_flags("a\x1C[L]")), ElementsAre("a", "<[L]>"));
}

TEST(AddedTokens, ASingleWordIsNotFoundInsideOfOne) {
  const AddedTokenSearch search({{.content = "word", .single_word = true}});
  EXPECT_THAT(shown(search.split_with_flags("word swords (word) word\xC3\xA9")),
              ElementsAre("<word>", " swords (", "<word>", ") word\xC3\xA9"));
  EXPECT_THAT(shown(search.split_then_flags("a word b")), ElementsAre("a ", "<word>", " b"));
}

TEST(AddedTokens, InPythonOnlyASpaceEndsAWordAndWhatIsRejectedJoinsItsNeighbour) {
  const AddedTokenSearch search({{.content = "word", .single_word = true}});
  EXPECT_THAT(shown(search.split_then_flags("(word) x")), ElementsAre("(word", ") x"));
  EXPECT_THAT(shown(search.split_then_flags("word.")), ElementsAre("word."));
}

}  // namespace
}  // namespace ballast
