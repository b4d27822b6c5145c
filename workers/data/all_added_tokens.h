// The tokens that a tokenizer looks for in a text before it splits it, gathered from the files that may name them.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "workers/data/added_tokens.h"
#include "workers/data/tokenizer.h"
#include "workers/data/tokenizer_config.h"

namespace ballast {

struct AddedTokenSources {
  /// Those that the vocabulary's own file lists.
  std::vector<AddedToken> listed;
  /// Special tokens by attribute that the tokenizer's class has unless the configuration says otherwise.
  std::map<std::string, std::string> defaults;
  std::int64_t vocabulary_size = 0;
  /// Null where the vocabulary has no such token.
  std::function<std::optional<std::int64_t>(const std::string&)> id_in_vocabulary;
};

struct AllAddedTokens {
  std::vector<AddedToken> tokens;
  SpecialTokens special;
  /// Ids of the special tokens that have an attribute ("bos_token", "additional_special_tokens").
  std::set<std::int64_t> attribute_ids;
};

/// The listed tokens, then the configuration's, then its special tokens and the defaults; a later one replaces an
/// earlier one of the same content, but one that is known only by its content keeps the earlier flags. A token without
/// an id gets the vocabulary's, else the next free one.
AllAddedTokens all_added_tokens(const TokenizerConfig& config, const AddedTokenSources& sources);

}  // namespace ballast
