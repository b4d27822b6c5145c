#include "workers/data/tokenizer.h"

#include <algorithm>

namespace ballast {

TokenIds encode_truncated(const Tokenizer& tokenizer, std::string_view text, std::size_t max_length) {
  auto ids = tokenizer.encode(text);
  ids.resize(std::min(ids.size(), max_length));
  return ids;
}

}  // namespace ballast
