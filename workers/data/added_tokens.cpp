#include "workers/data/added_tokens.h"

#include <algorithm>
#include <utility>

#include "workers/data/characters.h"

namespace ballast {

AddedTokenSearch::AddedTokenSearch(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)), by_first_byte_(256) {
  std::erase_if(tokens_, [](const AddedToken& token) { return token.content.empty(); });
  std::stable_sort(tokens_.begin(), tokens_.end(), [](const AddedToken& left, const AddedToken& right) {
    return left.content.size() > right.content.size();
  });
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    by_first_byte_[static_cast<unsigned char>(tokens_[i].content.front())].push_back(i);
  }
}

std::optional<AddedTokenSearch::Match> AddedTokenSearch::next_match(std::string_view text, std::size_t from) const {
  for (auto begin = from; begin < text.size(); ++begin) {
    for (const auto i : by_first_byte_[static_cast<unsigned char>(text[begin])]) {
      const auto& content = tokens_[i].content;
      if (text.substr(begin).starts_with(content)) {
        return Match{.begin = begin, .end = begin + content.size(), .token = &tokens_[i]};
      }
    }
  }
  return std::nullopt;
}

std::vector<TextPiece> AddedTokenSearch::split(std::string_view text) const {
  std::vector<TextPiece> pieces;
  std::size_t done = 0;
  const auto add_text_until = [&](std::size_t end) {
    if (done < end) {
      pieces.push_back({.text = std::string(text.substr(done, end - done))});
    }
  };
  while (const auto match = next_match(text, done)) {
    add_text_until(match->begin);
    pieces.push_back({.text = match->token->content, .token = match->token});
    done = match->end;
  }
  add_text_until(text.size());
  return pieces;
}

std::vector<TextPiece> AddedTokenSearch::split_with_flags(std::string_view text) const {
  std::vector<TextPiece> pieces;
  std::size_t done = 0;  // of the text, in pieces
  const auto add_text_until = [&](std::size_t end) {
    if (done < end) {
      pieces.push_back({.text = std::string(text.substr(done, end - done))});
    }
  };
  std::size_t searched = 0;
  while (const auto match = next_match(text, searched)) {
    searched = match->end;
    const auto before = text.substr(0, match->begin);
    const auto after = text.substr(match->end);
    const auto& token = *match->token;
    if (token.single_word && (ends_with_word(before) || begins_with_word(after))) {
      continue;
    }
    add_text_until(token.lstrip ? without_trailing(before, is_white_space).size() : before.size());
    pieces.push_back({.text = token.content, .token = &token});
    done = token.rstrip ? text.size() - without_leading(after, is_white_space).size() : match->end;
  }
  add_text_until(text.size());
  return pieces;
}

std::vector<TextPiece> AddedTokenSearch::split_then_flags(std::string_view text) const {
  auto pieces = split(text);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].token == nullptr) {
      continue;
    }
    const auto& token = *pieces[i].token;
    auto* left = i > 0 && !pieces[i - 1].text.empty() ? &pieces[i - 1] : nullptr;
    auto* right = i + 1 < pieces.size() ? &pieces[i + 1] : nullptr;
    // Whether a word is single is judged by the pieces as they were found.
    const bool continues_left = left != nullptr && left->text.back() != ' ';
    const bool continues_right = right != nullptr && right->text.front() != ' ';
    if (token.rstrip && right != nullptr) {
      right->text = without_leading(right->text, is_python_space);
    }
    if (token.lstrip && left != nullptr) {
      left->text = without_trailing(left->text, is_python_space);
    }
    if (token.single_word && continues_left) {
      *left = {.text = left->text + token.content};
      pieces[i] = {};
    } else if (token.single_word && continues_right) {
      *right = {.text = token.content + right->text};
      pieces[i] = {};
    }
  }
  std::erase_if(pieces, [](const TextPiece& piece) { return piece.text.empty(); });
  return pieces;
}

const AddedToken* AddedTokenSearch::find(std::string_view content) const {
  if (content.empty()) {
    return nullptr;
  }
  for (const auto i : by_first_byte_[static_cast<unsigned char>(content.front())]) {
    if (tokens_[i].content == content) {
      return &tokens_[i];
    }
  }
  return nullptr;
}

}  // namespace ballast
