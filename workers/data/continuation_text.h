// What a response reads like after its prompt.
#pragma once
#include <span>
#include <string>

#include "workers/data/tokenizer.h"

namespace ballast {

/// Text of the ids from `prompt_length` on: the whole text without the prompt's, so that the two read right one after
/// the other. A character that begins in the prompt's tokens and ends in the response's belongs to the response.
std::string continuation_text(const Tokenizer& tokenizer, std::span<const std::int64_t> ids, std::size_t prompt_length);

}  // namespace ballast
