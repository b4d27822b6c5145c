#include "workers/data/tokenizer_config.h"

#include <algorithm>

#include <fmt/format.h>

namespace ballast {
namespace {

std::optional<nlohmann::json> read_json_if_there(const std::filesystem::path& path) {
  return std::filesystem::exists(path) ? std::optional(read_json(path)) : std::nullopt;
}

/// A special token is an object, or just its text.
AddedToken read_special_token(const JsonView& token) {
  auto read = token.is_text() ? AddedToken{.content = token.text()} : read_added_token(token);
  read.special = true;
  return read;
}

void read_special_tokens(const JsonView& file, TokenizerConfig& config) {
  for (const auto* name : special_token_attributes) {
    if (const auto token = file.find(name)) {
      config.special_tokens[name] = read_special_token(*token);
    } else if (file.object().contains(name)) {
      config.special_tokens[name] = std::nullopt;
    }
  }
  if (const auto tokens = file.find("additional_special_tokens")) {
    for (std::size_t i = 0; i < tokens->array().size(); ++i) {
      config.additional_special_tokens.push_back(read_special_token(tokens->at(i)));
    }
  }
}

void read_added_tokens_decoder(const JsonView& decoder, TokenizerConfig& config) {
  for (const auto& [id, unused] : decoder.object().items()) {
    const auto entry = decoder.at(id);
    auto token = read_added_token(entry);
    const bool is_number =
        !id.empty() && id.size() < 10 && std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number) {
      entry.refuse("must be under its id, a number");
    }
    token.id = std::stoll(id);
    config.added_tokens.push_back(std::move(token));
  }
  std::sort(config.added_tokens.begin(), config.added_tokens.end(),
            [](const AddedToken& left, const AddedToken& right) { return left.id < right.id; });
}

/// Files of before tokenizer_config.json had added_tokens_decoder.
void read_older_files(const std::filesystem::path& folder, TokenizerConfig& config) {
  const auto special_tokens_map = folder / "special_tokens_map.json";
  if (const auto json = read_json_if_there(special_tokens_map)) {
    read_special_tokens(JsonView(*json, special_tokens_map), config);
  }
  const auto added_tokens = folder / "added_tokens.json";
  if (const auto json = read_json_if_there(added_tokens)) {
    const JsonView file(*json, added_tokens);
    for (const auto& [content, unused] : file.object().items()) {
      config.added_tokens.push_back({.content = content, .id = file.at(content).integer(), .normalized = true});
    }
  }
}

std::string class_from_model_type(const std::filesystem::path& folder) {
  const auto path = folder / "config.json";
  const auto json = read_json_if_there(path);
  const auto model_type = json ? JsonView(*json, path).text("model_type", "") : "";
  if (model_type == "gpt2") {
    return "GPT2Tokenizer";
  }
  return model_type == "qwen2" ? "Qwen2Tokenizer" : "";
}

std::string without_fast(std::string name) {
  constexpr std::string_view fast = "Fast";
  if (name.ends_with(fast)) {
    name.resize(name.size() - fast.size());
  }
  return name;
}

std::optional<bool> read_flag(const JsonView& file, const std::string& key) {
  const auto flag = file.find(key);
  return flag ? std::optional(flag->flag()) : std::nullopt;
}

void read_config_file(const JsonView& file, TokenizerConfig& config) {
  config.tokenizer_class = without_fast(file.text("tokenizer_class", ""));
  config.add_bos_token = read_flag(file, "add_bos_token");
  config.add_eos_token = read_flag(file, "add_eos_token");
  config.add_prefix_space = read_flag(file, "add_prefix_space");
  config.legacy = file.flag("legacy", true);
  config.clean_up_tokenization_spaces = file.flag("clean_up_tokenization_spaces", false);
  if (file.flag("split_special_tokens", false)) {
    file.at("split_special_tokens").refuse("is true; only false is supported");
  }
  if (file.text("errors", "replace") != "replace") {
    file.at("errors").refuse(fmt::format("is '{}'; only 'replace' is supported", file.text("errors", "")));
  }
  if (const auto settings = file.find("sp_model_kwargs"); settings && !settings->object().empty()) {
    settings->refuse("is not empty, which is not supported");
  }
  read_special_tokens(file, config);
  if (const auto decoder = file.find("added_tokens_decoder")) {
    read_added_tokens_decoder(*decoder, config);
  }
}

}  // namespace

AddedToken read_added_token(const JsonView& token) {
  const bool special = token.flag("special", false);
  return {.content = token.at("content").text(),
          .lstrip = token.flag("lstrip", false),
          .rstrip = token.flag("rstrip", false),
          .single_word = token.flag("single_word", false),
          .normalized = token.flag("normalized", !special),
          .special = special};
}

TokenizerConfig read_tokenizer_config(const std::filesystem::path& folder) {
  TokenizerConfig config;
  config.file = folder / "tokenizer_config.json";
  const auto json = read_json_if_there(config.file);
  if (json) {
    read_config_file(JsonView(*json, config.file), config);
  }
  if (!json || !json->contains("added_tokens_decoder")) {
    read_older_files(folder, config);
  }
  if (config.tokenizer_class.empty()) {
    config.tokenizer_class = class_from_model_type(folder);
  }
  return config;
}

}  // namespace ballast
