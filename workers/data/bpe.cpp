#include "workers/data/bpe.h"

#include <functional>
#include <queue>
#include <stdexcept>
#include <tuple>

#include <fmt/format.h>

#include "workers/data/byte_level.h"

namespace ballast {
namespace {

constexpr std::size_t cached_words = 1U << 16U;
constexpr std::size_t cached_word_bytes = 64;

std::uint64_t pair_key(std::int64_t left, std::int64_t right) {
  return static_cast<std::uint64_t>(left) << 32U | static_cast<std::uint64_t>(right);
}

/// `context` says, only if it is needed, where the token is named.
template <typename Context>
std::int64_t id_of(const StringIds& ids, const std::string& token, const Context& context) {
  const auto found = ids.find(token);
  if (found == ids.end()) {
    throw std::invalid_argument(fmt::format("{} '{}', which is no token of the vocabulary", context(), token));
  }
  return found->second;
}

constexpr std::size_t none = static_cast<std::size_t>(-1);

/// A token of the word, in a list that is linked by positions.
struct Symbol {
  std::int64_t id = 0;
  std::size_t previous = none;
  std::size_t next = none;
  bool is_merged_away = false;
};

/// A possible merge of the symbol at `position` with its next one, as they were when it was found.
struct Candidate {
  std::size_t rank = 0;
  std::size_t position = 0;
  std::int64_t left = 0;
  std::int64_t right = 0;
  std::int64_t merged = 0;

  bool operator>(const Candidate& other) const {
    return std::tie(rank, position) > std::tie(other.rank, other.position);
  }
};

/// The bytes of a word.
std::vector<Symbol> symbols_of(std::string_view word, const std::array<std::int64_t, 256>& byte_ids) {
  std::vector<Symbol> symbols(word.size());
  for (std::size_t i = 0; i < word.size(); ++i) {
    symbols[i] = {.id = byte_ids[static_cast<unsigned char>(word[i])],
                  .previous = i == 0 ? none : i - 1,
                  .next = i + 1 == word.size() ? none : i + 1};
  }
  return symbols;
}

}  // namespace

BytePairEncoding::BytePairEncoding(BpeVocabulary vocabulary)
    : token_ids_(std::move(vocabulary.ids)), ignore_merges_(vocabulary.ignore_merges) {
  for (std::size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    byte_ids_[byte] = id_of(token_ids_, byte_level_written(std::string(1, static_cast<char>(byte))),
                            [&] { return fmt::format("byte {} is written as", byte); });
  }
  merges_.reserve(vocabulary.merges.size());
  for (std::size_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
    const auto& [left, right] = vocabulary.merges[rank];
    const auto id = [&](const std::string& token) {
      return id_of(token_ids_, token, [&] { return fmt::format("merge {} names or makes", rank + 1); });
    };
    const auto left_id = id(left);
    merges_[pair_key(left_id, id(right))] = {.rank = rank, .id = id(left + right)};
  }
}

void BytePairEncoding::append(std::string_view word, TokenIds& ids) const {
  {
    const std::lock_guard lock(cache_mutex_);
    if (const auto known = cache_.find(word); known != cache_.end()) {
      ids.insert(ids.end(), known->second.begin(), known->second.end());
      return;
    }
  }
  const auto found = ids_of(word);
  ids.insert(ids.end(), found.begin(), found.end());
  const std::lock_guard lock(cache_mutex_);
  if (word.size() <= cached_word_bytes && cache_.size() < cached_words) {
    cache_.emplace(word, found);
  }
}

TokenIds BytePairEncoding::ids_of(std::string_view word) const {
  if (ignore_merges_) {
    if (const auto whole = token_ids_.find(byte_level_written(word)); whole != token_ids_.end()) {
      return {whole->second};
    }
  }
  return merge_bytes(word);
}

// Always the learned pair of lowest rank, the leftmost first: a queue of candidates, of which some are out of date when
// they come to the front. O(n log n) in the word's length.
TokenIds BytePairEncoding::merge_bytes(std::string_view word) const {
  auto symbols = symbols_of(word, byte_ids_);
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto consider = [&](std::size_t position) {
    if (position == none || symbols[position].next == none) {
      return;
    }
    const auto left = symbols[position].id;
    const auto right = symbols[symbols[position].next].id;
    if (const auto* merge = find_merge(left, right)) {
      candidates.push({.rank = merge->rank, .position = position, .left = left, .right = right, .merged = merge->id});
    }
  };
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    consider(i);
  }
  while (!candidates.empty()) {
    const auto candidate = candidates.top();
    candidates.pop();
    auto& left = symbols[candidate.position];
    if (left.is_merged_away || left.id != candidate.left || left.next == none ||
        symbols[left.next].id != candidate.right) {
      continue;
    }
    auto& right = symbols[left.next];
    right.is_merged_away = true;
    left.id = candidate.merged;
    left.next = right.next;
    if (left.next != none) {
      symbols[left.next].previous = candidate.position;
    }
    consider(left.previous);
    consider(candidate.position);
  }
  TokenIds ids;
  for (const auto& symbol : symbols) {
    if (!symbol.is_merged_away) {
      ids.push_back(symbol.id);
    }
  }
  return ids;
}

const BytePairEncoding::Merge* BytePairEncoding::find_merge(std::int64_t left, std::int64_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

}  // namespace ballast
