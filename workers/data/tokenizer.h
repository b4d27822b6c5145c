// What the data sets need of a tokenizer.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ballast {

using TokenIds = std::vector<std::int64_t>;

/// Ids that a tokenizer may lack: Qwen2 has no bos, Llama 2 no pad.
struct SpecialTokens {
  std::optional<std::int64_t> bos;
  std::optional<std::int64_t> eos;
  std::optional<std::int64_t> pad;
  std::optional<std::int64_t> unk;
  /// The text that encodes to `eos`; samples end with it. Empty without `eos`.
  std::string eos_text;
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Ids of a text, with the bos id in front if this tokenizer adds one. Texts of special tokens become their ids.
  /// What is not valid UTF-8 counts as U+FFFD.
  virtual TokenIds encode(std::string_view text) const = 0;

  /// Text of the ids; special tokens and unknown ids are left out. Always valid UTF-8.
  virtual std::string decode(std::span<const std::int64_t> ids) const = 0;

  virtual const SpecialTokens& special_tokens() const = 0;

  /// One more than the largest id; a model's embedding has at least as many rows.
  virtual std::int64_t vocab_size() const = 0;
};

/// The first `max_length` ids of a text: a text that is cut off loses its eos.
TokenIds encode_truncated(const Tokenizer& tokenizer, std::string_view text, std::size_t max_length);

}  // namespace ballast
