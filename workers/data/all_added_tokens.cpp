#include "workers/data/all_added_tokens.h"

#include <algorithm>

namespace ballast {
namespace {

class Gathering {
 public:
  explicit Gathering(const AddedTokenSources& sources) : sources_(sources) {}

  /// `token` has its id.
  void add_listed(const AddedToken& token) {
    if (auto* known = find(token.content)) {
      const auto id = known->id;
      *known = token;
      known->id = id;
    } else {
      tokens_.push_back(token);
    }
  }

  std::int64_t add_special(const AddedToken& token) {
    auto* known = find(token.content);
    if (known == nullptr) {
      tokens_.push_back(token);
      known = &tokens_.back();
      known->id = sources_.id_in_vocabulary(token.content).value_or(next_free_id());
    }
    known->special = true;
    return known->id;
  }

  std::vector<AddedToken> tokens() && { return std::move(tokens_); }

 private:
  AddedToken* find(const std::string& content) {
    const auto found =
        std::find_if(tokens_.begin(), tokens_.end(), [&](const AddedToken& token) { return token.content == content; });
    return found == tokens_.end() ? nullptr : &*found;
  }

  std::int64_t next_free_id() const {
    auto next = sources_.vocabulary_size;
    for (const auto& token : tokens_) {
      next = std::max(next, token.id + 1);
    }
    return next;
  }

  const AddedTokenSources& sources_;
  std::vector<AddedToken> tokens_;
};

/// The configuration's token for an attribute, else the class's default.
std::optional<AddedToken> token_of(const std::string& attribute, const TokenizerConfig& config,
                                   const AddedTokenSources& sources) {
  if (const auto configured = config.special_tokens.find(attribute); configured != config.special_tokens.end()) {
    return configured->second;
  }
  const auto otherwise = sources.defaults.find(attribute);
  return otherwise == sources.defaults.end() ? std::nullopt : std::optional(AddedToken{.content = otherwise->second});
}

}  // namespace

AllAddedTokens all_added_tokens(const TokenizerConfig& config, const AddedTokenSources& sources) {
  Gathering gathering(sources);
  for (const auto& token : sources.listed) {
    gathering.add_listed(token);
  }
  for (const auto& token : config.added_tokens) {
    gathering.add_listed(token);
  }
  AllAddedTokens all;
  std::map<std::string, std::int64_t> ids;
  for (const auto* attribute : special_token_attributes) {
    if (const auto token = token_of(attribute, config, sources); token && !token->content.empty()) {
      ids[attribute] = gathering.add_special(*token);
      all.attribute_ids.insert(ids[attribute]);
      if (std::string_view(attribute) == "eos_token") {
        all.special.eos_text = token->content;
      }
    }
  }
  for (const auto& token : config.additional_special_tokens) {
    all.attribute_ids.insert(gathering.add_special(token));
  }
  const auto id_of = [&](const char* attribute) {
    const auto id = ids.find(attribute);
    return id == ids.end() ? std::nullopt : std::optional(id->second);
  };
  all.special.bos = id_of("bos_token");
  all.special.eos = id_of("eos_token");
  all.special.pad = id_of("pad_token");
  all.special.unk = id_of("unk_token");
  all.tokens = std::move(gathering).tokens();
  return all;
}

}  // namespace ballast
