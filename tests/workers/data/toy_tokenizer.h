// A byte tokenizer: ids 0 <pad>, 1 <s>, 2 </s>, 3 <unk>, byte b -> 4 + b; the four texts are the special ids; <s>
// leads.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "workers/data/tokenizer.h"

namespace ballast {

class ToyTokenizer : public Tokenizer {
 public:
  TokenIds encode(std::string_view text) const override {
    TokenIds ids{bos_id};
    while (!text.empty()) {
      const auto special = leading_special(text);
      ids.push_back(special ? static_cast<std::int64_t>(*special)
                            : first_byte_id + static_cast<unsigned char>(text.front()));
      text.remove_prefix(special ? special_texts[*special].size() : 1);
    }
    return ids;
  }

  std::string decode(std::span<const std::int64_t> ids) const override {
    std::string text;
    for (const auto id : ids) {
      if (id >= first_byte_id) {
        text += static_cast<char>(id - first_byte_id);
      }
    }
    return text;
  }

  const SpecialTokens& special_tokens() const override { return special_; }
  std::int64_t vocab_size() const override { return first_byte_id + 256; }

 private:
  static constexpr std::int64_t bos_id = 1;
  static constexpr std::int64_t first_byte_id = 4;
  static constexpr std::array<std::string_view, 4> special_texts{"<pad>", "<s>", "</s>", "<unk>"};

  static std::optional<std::size_t> leading_special(std::string_view text) {
    for (std::size_t id = 0; id < special_texts.size(); ++id) {
      if (text.starts_with(special_texts[id])) {
        return id;
      }
    }
    return std::nullopt;
  }

  SpecialTokens special_{.bos = bos_id, .eos = 2, .pad = 0, .unk = 3, .eos_text = "</s>"};
};

}  // namespace ballast
