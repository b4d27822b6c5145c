// What the data sets need of a tokenizer.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ballast {

using TokenIds = std::vector<std::int64_t>;

struct SpecialTokens {
  std::int64_t bos = 0;
  std::int64_t eos = 0;
  std::int64_t pad = 0;
  std::int64_t unk = 0;
  /// The text that encodes to `eos`; samples end with it.
  std::string eos_text;
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Ids of a text, with the bos id in front if this tokenizer adds one. Texts of special tokens become their ids.
  virtual TokenIds encode(std::string_view text) const = 0;

  /// Text of the ids; special tokens are left out.
  virtual std::string decode(std::span<const std::int64_t> ids) const = 0;

  virtual const SpecialTokens& special_tokens() const = 0;
};

/// The first `max_length` ids of a text: a text that is cut off loses its eos.
TokenIds encode_truncated(const Tokenizer& tokenizer, std::string_view text, std::size_t max_length);

}  // namespace ballast
