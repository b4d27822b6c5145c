#include "algorithms/rewards/word_rule.h"

#include <algorithm>
#include <set>

namespace ballast {
namespace {

using Words = std::vector<std::string>;

bool is_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// An apostrophe belongs to a word that goes on after it: don't, but not 'hello'.
Words words_of(std::string_view text) {
  Words words;
  bool in_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool joins = text[i] == '\'' && in_word && i + 1 < text.size() && is_letter(text[i + 1]);
    if (is_letter(text[i]) || joins) {
      if (!in_word) words.emplace_back();
      words.back() += lower(text[i]);
    }
    in_word = is_letter(text[i]) || joins;
  }
  return words;
}

double weight_of_words(const WordRuleConfig& rule, const Words& words) {
  double sum = 0.0;
  std::set<std::string_view> seen;
  for (const auto& word : words) {
    const auto weight = rule.words.find(word);
    const bool counts = weight != rule.words.end() && (seen.insert(word).second || !rule.distinct);
    sum += counts ? weight->second : 0.0;
  }
  return std::min(sum, rule.cap.value_or(sum));
}

bool ends_with(std::string_view response, std::string_view text) {
  const auto end = response.find_last_not_of(" \t\r\n");
  return response.substr(0, end == std::string_view::npos ? 0 : end + 1).ends_with(text);
}

// Runs of n words that are the same as an earlier run.
std::int64_t repeated_runs(const Words& words, std::int64_t n) {
  const auto length = static_cast<std::ptrdiff_t>(n);
  std::set<Words> seen;
  std::int64_t repeated = 0;
  for (auto begin = words.begin(); words.end() - begin >= length; ++begin) {
    repeated += !seen.emplace(begin, begin + length).second;
  }
  return repeated;
}

}  // namespace

double word_rule_score(const WordRuleConfig& rule, std::string_view response, bool ended) {
  const auto words = words_of(response);
  const auto count = static_cast<std::int64_t>(words.size());
  double score = weight_of_words(rule, words);
  for (const auto& phrase : rule.phrases) {
    if (response.find(phrase.text) != std::string_view::npos) score += phrase.bonus;
  }
  if (rule.ending && ended && ends_with(response, rule.ending->text)) score += rule.ending->bonus;
  if (const auto& repetition = rule.repetition) {
    score -= repetition->penalty * static_cast<double>(repeated_runs(words, repetition->n));
  }
  if (rule.too_short && count < rule.too_short->words) score -= rule.too_short->penalty;
  if (const auto& too_long = rule.too_long) {
    score -= too_long->penalty * static_cast<double>(std::max<std::int64_t>(count - too_long->words, 0));
  }
  return score;
}

torch::Tensor WordRule::score(const Rollout& rollout) const {
  std::vector<float> scores;
  for (std::int64_t row = 0; row < rollout.mask_BT.size(0); ++row) {
    const auto completion = rollout.completion(row);
    scores.push_back(static_cast<float>(word_rule_score(config_, completion.response, completion.ended)));
  }
  return at_last_response_token(torch::tensor(scores).to(rollout.mask_BT.device()), rollout.mask_BT);
}

}  // namespace ballast
