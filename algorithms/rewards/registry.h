// The rewards by rule that a rule file can name. A new one is a file beside this one, a line in RuleConfig, a line in
// make_rule and a test.
#pragma once
#include <memory>
#include <optional>

#include "algorithms/rewards/word_rule.h"

namespace ballast {

/// A rule file: the settings of exactly one kind of rule.
struct RuleConfig {
  std::optional<WordRuleConfig> word_rule;

  template <typename Fields>
  void describe(Fields& field) {
    field("word_rule", word_rule, "words and their weights, ending, repetition, length");
  }
};

/// Null if the configuration names no rule.
std::unique_ptr<RewardFunction> make_rule(const RuleConfig& config);

}  // namespace ballast
