// What a response reads like after its prompt.
#pragma once
#include <span>
#include <string>

#include "workers/data/tokenizer.h"

namespace ballast {

/// Text of the ids from `prompt_length` on: the whole text without the prompt's, so that the two read right one after
/// the other. A character that begins in the prompt's tokens and ends in the response's belongs to the response.
std::string continuation_text(const Tokenizer& tokenizer, std::span<const std::int64_t> ids, std::size_t prompt_length);

/// The response as it reads after its prompt, decoded behind it, because a tokenizer may treat the first token of a
/// text in its own way; by itself where the prompt ends inside a character.
std::string text_after(const Tokenizer& tokenizer, const TokenIds& prompt, const TokenIds& response);

}  // namespace ballast
