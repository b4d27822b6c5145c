// Byte pair encoding: a word begins as single bytes, and the neighbours that were learned to belong together are
// merged, the earliest learned first.
#pragma once
#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "workers/data/tokenizer.h"

namespace ballast {

/// Allows to look up a std::string_view without a copy.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using StringIds = std::unordered_map<std::string, std::int64_t, StringHash, std::equal_to<>>;

/// Tokens and merges in byte-level writing.
struct BpeVocabulary {
  StringIds ids;
  /// In the order in which they were learned.
  std::vector<std::pair<std::string, std::string>> merges;
  /// A word that is a token stays whole, whatever the merges make of it (Llama 3).
  bool ignore_merges = false;
};

class BytePairEncoding {
 public:
  /// Throws std::invalid_argument, with the reason, if a single byte is no token or a merge names or makes what is no
  /// token.
  explicit BytePairEncoding(BpeVocabulary vocabulary);

  /// Appends the ids of a word. May be called by several threads at once.
  void append(std::string_view word, TokenIds& ids) const;

 private:
  struct Merge {
    std::size_t rank = 0;
    std::int64_t id = 0;
  };
  TokenIds ids_of(std::string_view word) const;
  TokenIds merge_bytes(std::string_view word) const;
  const Merge* find_merge(std::int64_t left, std::int64_t right) const;

  StringIds token_ids_;
  bool ignore_merges_;
  std::array<std::int64_t, 256> byte_ids_{};
  std::unordered_map<std::uint64_t, Merge> merges_;  // by both ids

  // Texts repeat few words.
  mutable std::mutex cache_mutex_;
  mutable std::unordered_map<std::string, TokenIds, StringHash, std::equal_to<>> cache_;
};

}  // namespace ballast
