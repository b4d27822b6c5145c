// What a Hugging Face folder says about a tokenizer beside its vocabulary: tokenizer_config.json,
// special_tokens_map.json and added_tokens.json.
#pragma once
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "workers/data/added_tokens.h"
#include "workers/data/json_view.h"

namespace ballast {

/// In the order in which new ids are given.
inline constexpr std::array special_token_attributes{"bos_token", "eos_token", "unk_token", "sep_token",
                                                     "pad_token", "cls_token", "mask_token"};

struct TokenizerConfig {
  /// For messages: the folder's tokenizer_config.json, even where it does not exist.
  std::filesystem::path file;
  /// Without "Fast" at its end; empty if unknown.
  std::string tokenizer_class;
  std::optional<bool> add_bos_token;
  std::optional<bool> add_eos_token;
  std::optional<bool> add_prefix_space;
  bool legacy = true;
  bool clean_up_tokenization_spaces = false;
  /// Tokens with the ids that the files give them.
  std::vector<AddedToken> added_tokens;
  /// Special tokens by attribute ("bos_token"); null: the folder says that there is none. No id is known here.
  std::map<std::string, std::optional<AddedToken>> special_tokens;
  std::vector<AddedToken> additional_special_tokens;
};

/// Reads the folder's files, each of which may be absent; where none names a class, a model_type of gpt2 or qwen2 in
/// config.json does. Throws UserError if one is malformed.
TokenizerConfig read_tokenizer_config(const std::filesystem::path& folder);

/// A token as the files write it: an object with content and flags; the id is not part of it.
AddedToken read_added_token(const JsonView& token);

}  // namespace ballast
