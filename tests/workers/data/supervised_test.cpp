#include "workers/data/supervised.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/workers/data/toy_tokenizer.h"

namespace ballast {
namespace {

const ToyTokenizer tokenizer;

/// The text of the tokens that are learned, "|" for each gap between them.
std::string learned_text(const SupervisedSample& sample) {
  std::string text;
  bool in_gap = false;
  for (std::size_t i = 0; i < sample.labels.size(); ++i) {
    if (sample.labels[i] == not_learned) {
      in_gap = true;
      continue;
    }
    EXPECT_EQ(sample.labels[i], sample.ids[i]);
    text += in_gap ? "|" : "";
    in_gap = false;
    text += sample.labels[i] == tokenizer.special_tokens().eos ? "</s>" : tokenizer.decode(TokenIds{sample.labels[i]});
  }
  return text;
}

TEST(Supervised, OnlyTheAnswerAndItsEosAreLearned) {
  EXPECT_EQ(learned_text(supervised_sample("Hi", "Yo", tokenizer, 512)), "|Yo</s>");
}

TEST(Supervised, EveryAssistantTurnOfADialogueIsLearned) {
  const std::vector<std::string> turns{"Hi", "Yo", "Who", "Me"};
  EXPECT_EQ(learned_text(supervised_dialogue(turns, tokenizer, 512)), "|Yo</s>|Me</s>");
}

TEST(Supervised, ADialogueThatEndsWithTheUserLearnsNothingAtItsEnd) {
  const std::vector<std::string> turns{"Hi", "Yo", "Who"};
  const auto sample = supervised_dialogue(turns, tokenizer, 512);
  EXPECT_EQ(learned_text(sample), "|Yo</s>");
  EXPECT_EQ(sample.labels.back(), not_learned);
}

TEST(Supervised, ATruncatedSampleLosesItsEnd) {
  const auto whole = supervised_sample("Hi", "Yo", tokenizer, 512);
  const auto cut = supervised_sample("Hi", "Yo", tokenizer, whole.ids.size() - 1);
  EXPECT_EQ(learned_text(cut), "|Yo");
  EXPECT_EQ(cut.ids.size(), cut.labels.size());
}

TEST(Supervised, ASampleCutWithinItsPromptLearnsNothing) {
  const auto sample = supervised_sample("Hi", "Yo", tokenizer, 5);
  EXPECT_THAT(sample.labels, testing::Each(not_learned));
  EXPECT_EQ(sample.labels.size(), 5U);
}

// Joins ": Y" style borders: a text that ends with a colon loses it when more text follows.
class JoiningTokenizer : public ToyTokenizer {
 public:
  TokenIds encode(std::string_view text) const override {
    auto ids = ToyTokenizer::encode(text);
    const auto colon = ToyTokenizer::encode(":").back();
    const auto joined = std::remove(ids.begin(), ids.end() - 1, colon);
    ids.erase(joined, ids.end() - 1);
    return ids;
  }
};

TEST(Supervised, LabelsFollowTheFinalTokensWhereATokenizerJoinsTurns) {
  const auto sample = supervised_sample("Hi", "", JoiningTokenizer{}, 512);
  EXPECT_EQ(sample.ids.size(), sample.labels.size());
  for (std::size_t i = 0; i < sample.ids.size(); ++i) {
    EXPECT_THAT(sample.labels[i], testing::AnyOf(not_learned, sample.ids[i]));
  }
}

}  // namespace
}  // namespace ballast
