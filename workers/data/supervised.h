// Samples of supervised fine-tuning and PTX: the model learns what the assistant says.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "workers/data/tokenizer.h"

namespace ballast {

/// Label of tokens that are not learned (the user's and the prompt's).
inline constexpr std::int64_t not_learned = -100;

/// Token ids and, of equal length, the label of each.
struct SupervisedSample {
  TokenIds ids;
  TokenIds labels;
};

/// A question and its answer: prompt + answer + eos, cut off on the right at `max_length` tokens.
SupervisedSample supervised_sample(std::string_view question, std::string_view answer, const Tokenizer& tokenizer,
                                   std::size_t max_length);

/// A text that is learned as a whole, with its eos, cut off at `max_length` tokens.
SupervisedSample supervised_text(std::string_view text, const Tokenizer& tokenizer, std::size_t max_length);

/// A response that follows its prompt directly, and its eos, which alone are learned; cut off at `max_length` tokens.
SupervisedSample supervised_continuation(std::string_view prompt, std::string_view response, const Tokenizer& tokenizer,
                                         std::size_t max_length);

/// A dialogue of turns, the user's first: eos after every assistant turn, cut off at `max_length` tokens. The user's
/// spans are measured by encoding ever longer beginnings of the text.
SupervisedSample supervised_dialogue(std::span<const std::string> turns, const Tokenizer& tokenizer,
                                     std::size_t max_length);

}  // namespace ballast
