// Pairs of responses, for reward models, cost models and DPO.
#pragma once
#include <string>
#include <variant>

#include "workers/data/tokenizer.h"

namespace ballast {

/// One row of preference data: a prompt as the text that an answer follows directly, two answers, and what the
/// annotators said.
struct AnnotatedPair {
  std::string prompt;
  std::string answer;
  std::string other_answer;
  /// `answer` is the better, the safer one.
  bool better = false;
  bool safer = false;
  bool is_safe = false;
  bool is_other_safe = false;
};

/// Why a row is left out, in one sentence without the row's place; the caller counts and reports it.
struct Skip {
  std::string reason;
};

/// Prompt + answer + eos of both, cut off on the right; never the same tokens.
struct TokenPair {
  TokenIds preferred;
  TokenIds other;
};

/// A pair for the cost model: `preferred` is the safer one. Safety signs: +1 safe, -1 unsafe.
struct SafetyPair {
  TokenPair tokens;
  int safer_sign = 0;
  int unsafer_sign = 0;
};

/// The better and the worse answer. Skipped if both are the same tokens.
std::variant<TokenPair, Skip> better_worse_pair(const AnnotatedPair& row, const Tokenizer& tokenizer,
                                                std::size_t max_length);

/// The safer and the unsafer answer. Skipped as above, and if the safer answer is labelled unsafe while the other is
/// safe.
std::variant<SafetyPair, Skip> safer_unsafer_pair(const AnnotatedPair& row, const Tokenizer& tokenizer,
                                                  std::size_t max_length);

}  // namespace ballast
