#include "workers/data/continuation_text.h"

#include <algorithm>

namespace ballast {

std::string continuation_text(const Tokenizer& tokenizer, std::span<const std::int64_t> ids,
                              std::size_t prompt_length) {
  const auto prompt = tokenizer.decode(ids.first(prompt_length));
  const auto whole = tokenizer.decode(ids);
  return {std::ranges::mismatch(whole, prompt).in1, whole.end()};
}

std::string text_after(const Tokenizer& tokenizer, const TokenIds& prompt, const TokenIds& response) {
  auto ids = prompt;
  ids.insert(ids.end(), response.begin(), response.end());
  const auto before = tokenizer.decode(prompt);
  const auto whole = tokenizer.decode(ids);
  return whole.starts_with(before) ? whole.substr(before.size()) : tokenizer.decode(response);
}

}  // namespace ballast
