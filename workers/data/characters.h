// Which characters are space and which make words, as the programs say whose tokens we reproduce. Texts are valid
// UTF-8.
#pragma once
#include <string>
#include <string_view>

namespace ballast {

/// Unicode's White_Space, as Rust's `char::is_whitespace`.
bool is_white_space(char32_t character);

/// Python's `str.isspace`: white space and the separators U+001C to U+001F.
bool is_python_space(char32_t character);

/// `\w` of Rust's regex: alphabetic, marks, decimal digits, connecting punctuation, joiners.
bool is_word_character(char32_t character);

/// Unicode's normalization form C.
std::string nfc(std::string_view text);

using CharacterTest = bool (*)(char32_t);

/// The text without the characters at its beginning or end that pass the test.
std::string_view without_leading(std::string_view text, CharacterTest test);
std::string_view without_trailing(std::string_view text, CharacterTest test);

bool begins_with_word(std::string_view text);
bool ends_with_word(std::string_view text);

}  // namespace ballast
