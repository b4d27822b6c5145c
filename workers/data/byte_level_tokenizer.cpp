#include "workers/data/byte_level_tokenizer.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "workers/data/all_added_tokens.h"
#include "workers/data/byte_level.h"
#include "workers/data/characters.h"
#include "workers/data/clean_up.h"
#include "workers/data/utf8.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

constexpr std::int64_t largest_id = (1 << 24) - 1;

/// Special tokens that the class has unless the configuration says otherwise.
std::map<std::string, std::string> default_special_tokens(const std::string& tokenizer_class) {
  const std::string end = "<|endoftext|>";
  if (tokenizer_class == "GPT2Tokenizer") {
    return {{"bos_token", end}, {"eos_token", end}, {"unk_token", end}};
  }
  if (tokenizer_class == "Qwen2Tokenizer") {
    return {{"eos_token", end}, {"pad_token", end}, {"unk_token", end}};
  }
  return {};
}

AllAddedTokens gather_added_tokens(const ByteLevelForm& form, const TokenizerConfig& config) {
  const auto& ids = form.vocabulary.ids;
  return all_added_tokens(config, {.listed = form.added_tokens,
                                   .defaults = default_special_tokens(config.tokenizer_class),
                                   .vocabulary_size = static_cast<std::int64_t>(ids.size()),
                                   .id_in_vocabulary = [&](const std::string& content) -> std::optional<std::int64_t> {
                                     const auto id = ids.find(content);
                                     return id == ids.end() ? std::nullopt : std::optional(id->second);
                                   }});
}

/// The bytes of each token, by id. Throws UserError if an id is out of range or stands for two tokens.
std::unordered_map<std::int64_t, std::string> bytes_by_id(const ByteLevelForm& form,
                                                          const std::vector<AddedToken>& added) {
  std::unordered_map<std::int64_t, std::string> bytes;
  const auto add = [&](const std::string& token, std::int64_t id) {
    if (id < 0 || id > largest_id) {
      throw UserError(
          fmt::format("{}: token '{}' has the id {}; allowed are 0 to {}", form.file.string(), token, id, largest_id));
    }
    const auto [known, is_new] = bytes.emplace(id, byte_level_bytes(token));
    if (!is_new && known->second != byte_level_bytes(token)) {
      throw UserError(
          fmt::format("{}: the id {} is given to '{}' and to another token", form.file.string(), id, token));
    }
  };
  for (const auto& [token, id] : form.vocabulary.ids) {
    add(token, id);
  }
  for (const auto& token : added) {
    const auto in_vocabulary = form.vocabulary.ids.find(token.content);
    if (in_vocabulary != form.vocabulary.ids.end() && in_vocabulary->second != token.id) {
      throw UserError(fmt::format("{}: the added token '{}' has the id {}, in the vocabulary {}", form.file.string(),
                                  token.content, token.id, in_vocabulary->second));
    }
    add(token.content, token.id);
  }
  return bytes;
}

BytePairEncoding make_encoding(ByteLevelForm& form) {
  try {
    return BytePairEncoding(std::move(form.vocabulary));
  } catch (const std::invalid_argument& error) {
    throw UserError(fmt::format("{}: {}", form.file.string(), error.what()));
  }
}

/// The tokens that are looked for in the text as given, or those that are looked for in the normalized text.
std::vector<AddedToken> select(std::vector<AddedToken> tokens, bool is_nfc, bool normalized) {
  std::erase_if(tokens, [&](const AddedToken& token) { return token.normalized != normalized; });
  for (auto& token : tokens) {
    if (is_nfc && normalized) {
      token.content = nfc(token.content);
    }
  }
  return tokens;
}

class ByteLevelTokenizer : public Tokenizer {
 public:
  ByteLevelTokenizer(ByteLevelForm form, AllAddedTokens added, bool clean_up)
      : is_nfc_(form.is_nfc),
        clean_up_(clean_up),
        pre_tokenizer_(std::move(form.pre_tokenizer)),
        before_(std::move(form.before)),
        after_(std::move(form.after)),
        special_(std::move(added.special)),
        bytes_(bytes_by_id(form, added.tokens)),
        raw_tokens_(select(added.tokens, form.is_nfc, false)),
        normalized_tokens_(select(added.tokens, form.is_nfc, true)),
        encoding_(make_encoding(form)) {
    if (form.adds_bos && special_.bos) {
      before_.insert(before_.begin(), *special_.bos);
    }
    for (const auto& token : added.tokens) {
      if (token.special) {
        skipped_ids_.insert(token.id);
      }
    }
    for (const auto& [id, unused] : bytes_) {
      vocab_size_ = std::max(vocab_size_, id + 1);
    }
  }

  TokenIds encode(std::string_view bytes) const override {
    auto ids = before_;
    for (const auto& piece : raw_tokens_.split_with_flags(replace_invalid_utf8(bytes))) {
      if (piece.token != nullptr) {
        ids.push_back(piece.token->id);
      } else {
        append_normalized(is_nfc_ ? nfc(piece.text) : piece.text, ids);
      }
    }
    ids.insert(ids.end(), after_.begin(), after_.end());
    return ids;
  }

  std::string decode(std::span<const std::int64_t> ids) const override {
    std::string bytes;
    for (const auto id : ids) {
      const auto token = bytes_.find(id);
      if (token != bytes_.end() && skipped_ids_.count(id) == 0) {
        bytes += token->second;
      }
    }
    auto text = replace_invalid_utf8(bytes);
    return clean_up_ ? clean_up_spaces(std::move(text)) : text;
  }

  const SpecialTokens& special_tokens() const override { return special_; }
  std::int64_t vocab_size() const override { return vocab_size_; }

 private:
  void append_normalized(const std::string& text, TokenIds& ids) const {
    for (const auto& piece : normalized_tokens_.split_with_flags(text)) {
      if (piece.token != nullptr) {
        ids.push_back(piece.token->id);
      } else {
        for_each_word(piece.text, pre_tokenizer_, [&](std::string_view word) { encoding_.append(word, ids); });
      }
    }
  }

  bool is_nfc_;
  bool clean_up_;
  std::vector<PreTokenizerStep> pre_tokenizer_;
  TokenIds before_;
  TokenIds after_;
  SpecialTokens special_;
  std::unordered_map<std::int64_t, std::string> bytes_;
  AddedTokenSearch raw_tokens_;
  AddedTokenSearch normalized_tokens_;
  BytePairEncoding encoding_;
  std::unordered_set<std::int64_t> skipped_ids_;
  std::int64_t vocab_size_ = 0;
};

}  // namespace

std::unique_ptr<Tokenizer> make_byte_level_tokenizer(ByteLevelForm form, const TokenizerConfig& config) {
  auto added = gather_added_tokens(form, config);
  return std::make_unique<ByteLevelTokenizer>(std::move(form), std::move(added), config.clean_up_tokenization_spaces);
}

}  // namespace ballast
