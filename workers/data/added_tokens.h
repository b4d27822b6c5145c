// Tokens beside the vocabulary's own: found in a text before anything else is, and never split.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ballast {

struct AddedToken {
  std::string content;
  std::int64_t id = 0;
  /// White space on this side belongs to the token.
  bool lstrip = false;
  bool rstrip = false;
  /// Not found inside a word.
  bool single_word = false;
  /// Looked for in the normalized text, not in the text as given.
  bool normalized = false;
  /// Left out when decoding.
  bool special = false;
};

/// A stretch of text, or an added token that stands for it.
struct TextPiece {
  std::string text;
  const AddedToken* token = nullptr;
};

/// Finds added tokens in texts. Movable; pieces point into it.
class AddedTokenSearch {
 public:
  /// Tokens with empty content are never found.
  explicit AddedTokenSearch(std::vector<AddedToken> tokens);

  /// The text cut at the leftmost token, of those at one place the longest, and so on. No piece is empty. The flags
  /// lstrip, rstrip and single_word are left to the caller.
  std::vector<TextPiece> split(std::string_view text) const;

  /// As the Rust library `tokenizers` does it: the flags extend or reject each match where it is found.
  std::vector<TextPiece> split_with_flags(std::string_view text) const;

  /// As Hugging Face's Python tokenizers do it: the flags change the neighbouring pieces of `split` afterwards, and a
  /// word ends at U+0020 only.
  std::vector<TextPiece> split_then_flags(std::string_view text) const;

  /// The token with this very content, or null.
  const AddedToken* find(std::string_view content) const;

 private:
  struct Match {
    std::size_t begin = 0;
    std::size_t end = 0;
    const AddedToken* token = nullptr;
  };
  std::optional<Match> next_match(std::string_view text, std::size_t from) const;

  std::vector<AddedToken> tokens_;                       // longest first
  std::vector<std::vector<std::size_t>> by_first_byte_;  // [256], indices of tokens_
};

}  // namespace ballast
