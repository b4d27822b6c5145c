#include "workers/data/continuation_text.h"

#include <algorithm>

namespace ballast {

std::string continuation_text(const Tokenizer& tokenizer, std::span<const std::int64_t> ids,
                              std::size_t prompt_length) {
  const auto prompt = tokenizer.decode(ids.first(prompt_length));
  const auto whole = tokenizer.decode(ids);
  return {std::ranges::mismatch(whole, prompt).in1, whole.end()};
}

}  // namespace ballast
