// What a tokenizer's configuration may ask for after decoding.
#pragma once
#include <string>
#include <string_view>

namespace ballast {

/// The text with `by` for each `what`, from left to right.
std::string replace_all(std::string text, std::string_view what, std::string_view by);

/// Takes out the spaces before English punctuation and contractions (`clean_up_tokenization_spaces` of Hugging Face).
std::string clean_up_spaces(std::string text);

}  // namespace ballast
