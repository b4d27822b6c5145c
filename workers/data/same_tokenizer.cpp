#include "workers/data/same_tokenizer.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "workers/user_error.h"

namespace ballast {
namespace {

using nlohmann::json;

constexpr std::array vocabulary_files{"tokenizer.model", "tokenizer.json", "vocab.json", "merges.txt"};
constexpr std::array settings_files{"tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"};

/// Keys of tokenizer_config.json that change no token id. The pad token only fills batches.
constexpr std::array neutral_keys{"name_or_path",     "model_max_length", "padding_side", "truncation_side",
                                  "chat_template",    "processor_class",  "pad_token",    "special_tokens_map_file",
                                  "tokenizer_file",   "max_length",       "padding",      "truncation",
                                  "trust_remote_code"};

std::optional<std::string> content(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw UserError(fmt::format("{}: cannot be read", file.string()));
  return std::string{std::istreambuf_iterator<char>(stream), {}};
}

json settings(const std::filesystem::path& file) {
  const auto text = content(file);
  auto value = text ? json::parse(*text, nullptr, false) : json::object();
  if (!value.is_object()) throw UserError(file.string() + ": found text that is no JSON object");
  for (const auto* key : neutral_keys) value.erase(key);
  return value;
}

}  // namespace

bool same_tokenizer(const std::filesystem::path& one, const std::filesystem::path& other) {
  for (const auto* file : vocabulary_files) {
    if (content(one / file) != content(other / file)) return false;
  }
  for (const auto* file : settings_files) {
    if (settings(one / file) != settings(other / file)) return false;
  }
  return true;
}

}  // namespace ballast
