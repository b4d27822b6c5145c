// Cuts a text into words, within which byte pairs are merged.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "workers/data/regex.h"

namespace ballast {

/// The regular expression of GPT-2, which `ByteLevel` pre-tokenizers have built in, and that of Qwen2.
inline constexpr std::string_view gpt2_words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view qwen2_words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// One step: a space is put in front of a piece that begins with none, then the expression isolates its matches.
struct PreTokenizerStep {
  bool add_prefix_space = false;
  std::optional<Regex> regex;
};

/// Calls `visit` with each word of `text` (valid UTF-8, not empty); each step cuts what the one before it left. A word
/// lives as long as the call.
void for_each_word(std::string_view text, std::span<const PreTokenizerStep> steps,
                   const std::function<void(std::string_view)>& visit);

}  // namespace ballast
