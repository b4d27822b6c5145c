// UTF-8 text: what is read from files or sampled by a model need not be valid.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace ballast {

/// The code point that `text` begins with and its length in bytes. `text` is valid UTF-8 and not empty.
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;
};
CodePoint first_code_point(std::string_view text);

/// The last code point of a valid, not empty text.
CodePoint last_code_point(std::string_view text);

/// The text with U+FFFD for what is not UTF-8: one for each maximal part that could have begun a character, else one
/// for each byte (Unicode 3.9, "substitution of maximal subparts"), as Python's bytes.decode('utf-8', 'replace') reads
/// it.
std::string replace_invalid_utf8(std::string_view bytes);

}  // namespace ballast
