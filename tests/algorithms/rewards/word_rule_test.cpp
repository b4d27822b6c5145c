#include "algorithms/rewards/word_rule.h"

#include <gtest/gtest.h>

#include "algorithms/rewards/registry.h"
#include "tests/algorithms/close.h"

namespace ballast {
namespace {

double score(const WordRuleConfig& rule, std::string_view response) { return word_rule_score(rule, response, true); }

TEST(WordRule, CountsEachWordOnceUnlessItIsToCountEveryOccurrence) {
  WordRuleConfig rule{.words = {{"dragon", 1.0}, {"fire", 2.5}}};
  EXPECT_EQ(score(rule, "A Dragon, a dragon! FIRE."), 3.5);
  rule.distinct = false;
  EXPECT_EQ(score(rule, "A Dragon, a dragon! FIRE."), 4.5);
}

TEST(WordRule, CountsWholeWordsOnly) {
  const WordRuleConfig rule{.words = {{"art", 1.0}, {"don't", 2.0}, {"hi", 4.0}, {"é", 8.0}}};
  EXPECT_EQ(score(rule, "party arts chié"), 0.0);
  EXPECT_EQ(score(rule, "art-house"), 1.0);
  EXPECT_EQ(score(rule, "I don't, 'hi' é"), 14.0);
}

TEST(WordRule, CapsTheWordsSumAndNothingElse) {
  const WordRuleConfig rule{.words = {{"a", 3.0}, {"b", 3.0}}, .cap = 4.0, .phrases = {{.text = "!", .bonus = 1.5}}};
  EXPECT_EQ(score(rule, "a"), 3.0);
  EXPECT_EQ(score(rule, "a b!"), 5.5);
}

TEST(WordRule, GivesThePhrasesBonusOnce) {
  const WordRuleConfig rule{.phrases = {{.text = "\"", .bonus = 1.5}, {.text = "Oh", .bonus = 1.0}}};
  EXPECT_EQ(score(rule, "\"Hi\" said the oh."), 1.5);
  EXPECT_EQ(score(rule, "\"Oh\" \"Oh\""), 2.5);
}

TEST(WordRule, GivesTheEndingsBonusToAResponseThatEndedSoByItself) {
  const WordRuleConfig rule{.ending = EndingBonus{.text = "The end.", .bonus = 2.0}};
  EXPECT_EQ(score(rule, "So it was. The end. \n"), 2.0);
  EXPECT_EQ(word_rule_score(rule, "So it was. The end.", false), 0.0);
  EXPECT_EQ(score(rule, "The end. Or not"), 0.0);
  EXPECT_EQ(score(rule, ""), 0.0);
}

TEST(WordRule, PunishesEachRunOfWordsThatOccurredBefore) {
  const WordRuleConfig rule{.repetition = RepetitionPenalty{.n = 2, .penalty = 0.5}};
  EXPECT_EQ(score(rule, "a b c d"), 0.0);
  EXPECT_EQ(score(rule, "a b. A B, a b"), -1.5);  // a b, b a, a b*, b a*, a b*
  EXPECT_EQ(score(rule, "a"), 0.0);
}

TEST(WordRule, PunishesFewWordsOnceAndManyWordsOneByOne) {
  const WordRuleConfig rule{.too_short = ShortPenalty{.words = 2, .penalty = 2.0},
                            .too_long = LongPenalty{.words = 3, .penalty = 0.25}};
  EXPECT_EQ(score(rule, ""), -2.0);
  EXPECT_EQ(score(rule, "one"), -2.0);
  EXPECT_EQ(score(rule, "one two"), 0.0);
  EXPECT_EQ(score(rule, "one two three"), 0.0);
  EXPECT_EQ(score(rule, "one two three four five"), -0.5);
}

TEST(WordRule, ScoresEachRowOfARolloutAtItsLastResponseToken) {
  const auto rule = make_rule({.word_rule = WordRuleConfig{.words = {{"good", 1.0}}}});
  const Rollout rollout{
      .tokens_BL = {},
      .lengths_B = {},
      .mask_BT = torch::tensor({{false, true, true, false}, {true, false, false, false}, {false, false, false, false}}),
      .completion = [](std::int64_t row) { return Completion{.prompt = "good", .response = row == 1 ? "" : "good"}; }};
  EXPECT_THAT(rule->score(rollout),
              IsClose(torch::tensor({{0.0, 0.0, 1.0, 0.0}, {0.0, 0.0, 0.0, 0.0}, {0.0, 0.0, 0.0, 0.0}})));
}

TEST(Rules, AnEmptyConfigurationNamesNoRule) { EXPECT_EQ(make_rule({}), nullptr); }

}  // namespace
}  // namespace ballast
