#include "workers/data/preference.h"

#include <utility>

#include <fmt/format.h>

namespace ballast {
namespace {

int safety_sign(bool is_safe) { return is_safe ? 1 : -1; }

/// The pair with `answer` preferred if `answer_is_preferred`, else with `other_answer`.
std::variant<TokenPair, Skip> token_pair(const AnnotatedPair& row, bool answer_is_preferred, const Tokenizer& tokenizer,
                                         std::size_t max_length) {
  const auto encode = [&](const std::string& answer) {
    return encode_truncated(tokenizer, row.prompt + answer + tokenizer.special_tokens().eos_text, max_length);
  };
  TokenPair pair{.preferred = encode(row.answer), .other = encode(row.other_answer)};
  if (pair.preferred == pair.other) {
    return Skip{fmt::format("both answers are the same within {} tokens", max_length)};
  }
  if (!answer_is_preferred) {
    std::swap(pair.preferred, pair.other);
  }
  return pair;
}

}  // namespace

std::variant<TokenPair, Skip> better_worse_pair(const AnnotatedPair& row, const Tokenizer& tokenizer,
                                                std::size_t max_length) {
  return token_pair(row, row.better, tokenizer, max_length);
}

std::variant<SafetyPair, Skip> safer_unsafer_pair(const AnnotatedPair& row, const Tokenizer& tokenizer,
                                                  std::size_t max_length) {
  const bool is_safer_safe = row.safer ? row.is_safe : row.is_other_safe;
  const bool is_unsafer_safe = row.safer ? row.is_other_safe : row.is_safe;
  if (!is_safer_safe && is_unsafer_safe) {
    return Skip{"the safer answer is labelled unsafe, the other one safe"};
  }
  auto tokens = token_pair(row, row.safer, tokenizer, max_length);
  if (auto* skip = std::get_if<Skip>(&tokens)) {
    return std::move(*skip);
  }
  return SafetyPair{.tokens = std::get<TokenPair>(std::move(tokens)),
                    .safer_sign = safety_sign(is_safer_safe),
                    .unsafer_sign = safety_sign(is_unsafer_safe)};
}

}  // namespace ballast
