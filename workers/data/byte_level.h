// GPT-2's way to write any bytes as printable characters: printable Latin-1 stands for itself, the other bytes for
// U+0100 and on. Vocabularies and merges of byte-level tokenizers are written so.
#pragma once
#include <string>
#include <string_view>

namespace ballast {

/// The written form, UTF-8, of some bytes.
std::string byte_level_written(std::string_view bytes);

/// The bytes of a written form. Where a character stands for no byte, the text itself, as Hugging Face decodes it.
std::string byte_level_bytes(std::string_view written);

}  // namespace ballast
