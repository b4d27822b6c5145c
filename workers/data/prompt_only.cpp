#include "workers/data/prompt_only.h"

#include <algorithm>
#include <map>

namespace ballast {

PromptTokens prompt_tokens(std::string_view prompt, const Tokenizer& tokenizer, std::size_t max_length) {
  auto ids = tokenizer.encode(prompt);
  const bool is_truncated = ids.size() > max_length;
  ids.resize(std::min(ids.size(), max_length));
  return {.ids = std::move(ids), .is_truncated = is_truncated};
}

std::vector<std::size_t> last_occurrences(std::span<const TokenIds> prompts) {
  std::map<TokenIds, std::size_t> last;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    last[prompts[i]] = i;
  }
  std::vector<std::size_t> indices;
  for (const auto& [prompt, index] : last) {
    indices.push_back(index);
  }
  std::sort(indices.begin(), indices.end());
  return indices;
}

}  // namespace ballast
