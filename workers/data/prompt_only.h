// Prompts without responses, for generation.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "workers/data/tokenizer.h"

namespace ballast {

struct PromptTokens {
  TokenIds ids;
  /// The prompt had more than `max_length` tokens; its end, with the assistant's cue, is lost.
  bool is_truncated = false;
};

/// The first `max_length` tokens of a prompt's text.
PromptTokens prompt_tokens(std::string_view prompt, const Tokenizer& tokenizer, std::size_t max_length);

/// Indices, ascending, of the prompts that stay when of equal ones only the last does.
std::vector<std::size_t> last_occurrences(std::span<const TokenIds> prompts);

}  // namespace ballast
