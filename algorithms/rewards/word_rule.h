// A reward by rule: a score made of the words of a response, how it ends and how long it is.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "algorithms/rewards/reward_function.h"

namespace ballast {

/// Added once if the response has `text` somewhere.
struct PhraseBonus {
  std::string text;
  double bonus = 0.0;

  template <typename Fields>
  void describe(Fields& field) {
    field("text", text, "letter by letter, anywhere in the response");
    field("bonus", bonus, "added once");
  }
};

/// Added if the response ended by itself and its last characters, blanks aside, are `text`.
struct EndingBonus {
  std::string text;
  double bonus = 0.0;

  template <typename Fields>
  void describe(Fields& field) {
    field("text", text, "letter by letter, at the end of a response that is not cut off");
    field("bonus", bonus, "added once");
  }
};

/// Taken off for each run of n words that occurred before in the response.
struct RepetitionPenalty {
  std::int64_t n = 4;
  double penalty = 0.0;

  template <typename Fields>
  void describe(Fields& field) {
    field("n", n, "words in a row").at_least(1);
    field("penalty", penalty, "taken off for each run of n words that occurred before").at_least(0.0);
  }
};

/// Taken off once if the response has fewer words than `words`.
struct ShortPenalty {
  std::int64_t words = 0;
  double penalty = 0.0;

  template <typename Fields>
  void describe(Fields& field) {
    field("words", words, "a response with fewer is too short").at_least(0);
    field("penalty", penalty, "taken off once").at_least(0.0);
  }
};

/// Taken off for each word beyond `words`.
struct LongPenalty {
  std::int64_t words = 0;
  double penalty = 0.0;

  template <typename Fields>
  void describe(Fields& field) {
    field("words", words, "a response with more is too long").at_least(0);
    field("penalty", penalty, "taken off for each word beyond").at_least(0.0);
  }
};

/// The score is the sum of its terms. A word is a run of letters, digits and apostrophes within it, in lower case;
/// bytes beyond ASCII count as letters.
struct WordRuleConfig {
  std::map<std::string, double> words;
  bool distinct = true;
  std::optional<double> cap;
  std::vector<PhraseBonus> phrases;
  std::optional<EndingBonus> ending;
  std::optional<RepetitionPenalty> repetition;
  std::optional<ShortPenalty> too_short;
  std::optional<LongPenalty> too_long;

  template <typename Fields>
  void describe(Fields& field) {
    field("words", words, "word in lower case: its weight");
    field("distinct", distinct, "a word counts once, however often it occurs");
    field("cap", cap, "the words' sum is at most this");
    field("phrases", phrases, "a bonus each if the response has the phrase");
    field("ending", ending, "a bonus if the response ends so");
    field("repetition", repetition, "a penalty on repeated runs of words");
    field("short", too_short, "a penalty on few words");
    field("long", too_long, "a penalty on many words");
  }
};

/// The rule's score of one response.
double word_rule_score(const WordRuleConfig& rule, std::string_view response, bool ended);

/// The rule's score sits at the last response token.
class WordRule : public RewardFunction {
 public:
  explicit WordRule(WordRuleConfig config) : config_(std::move(config)) {}
  torch::Tensor score(const Rollout& rollout) const override;

 private:
  WordRuleConfig config_;
};

}  // namespace ballast
