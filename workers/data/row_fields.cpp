#include "workers/data/row_fields.h"

#include <fmt/format.h>

#include "workers/data/prompt_format.h"

namespace ballast {
namespace {

using nlohmann::json;

/// The value as it stands in the file if it is short, else its type.
std::string in_words(const json& value) {
  return value.is_structured() || value.is_string() ? value.type_name() : value.dump();
}

[[noreturn]] void refuse(const std::string& key, const std::string& found, std::string_view allowed) {
  throw UnusableRow(fmt::format("field '{}': found {}; allowed: {}", key, found, allowed));
}

/// The text of a turn that may say who speaks.
std::string turn_text(const json& turn, std::size_t index, const std::string& key) {
  constexpr auto allowed = "texts, or {role, content} of user and assistant in turn";
  if (turn.is_string()) {
    return turn;
  }
  const bool is_complete = turn.is_object() && turn.contains("role") && turn.contains("content");
  if (!is_complete || !turn.at("content").is_string()) {
    refuse(key, fmt::format("{} as turn {}", in_words(turn), index), allowed);
  }
  if (turn.at("role") != (is_user_turn(index) ? "user" : "assistant")) {
    refuse(key, fmt::format("turn {} by {}", index, turn.at("role").dump()), allowed);
  }
  return turn.at("content");
}

}  // namespace

bool RowFields::given(const std::string& key) const { return row_.contains(key) && !row_.at(key).is_null(); }

const json& RowFields::at(const std::string& key) const {
  if (!given(key)) {
    throw UnusableRow(fmt::format("field '{}' is missing", key));
  }
  return row_.at(key);
}

std::string RowFields::text(const std::string& key) const {
  const auto& value = at(key);
  if (!value.is_string()) {
    refuse(key, in_words(value), "text");
  }
  return value;
}

std::vector<std::string> RowFields::turns(const std::string& key) const {
  const auto& value = at(key);
  if (value.is_string()) {
    return {value.get<std::string>()};
  }
  if (!value.is_array() || value.empty()) {
    refuse(key, value.is_array() ? "an empty list" : in_words(value), "text, or a list of turns");
  }
  std::vector<std::string> turns;
  for (const auto& turn : value) {
    turns.push_back(turn_text(turn, turns.size(), key));
  }
  return turns;
}

bool RowFields::flag(const std::string& key) const {
  const auto& value = at(key);
  if (value.is_boolean()) {
    return value;
  }
  if (value != 0 && value != 1) {
    refuse(key, in_words(value), "true, false, 1, 0");
  }
  return value == 1;
}

int RowFields::choice(const std::string& key) const {
  const auto& value = at(key);
  for (const int id : {0, 1}) {
    if (value == id || value == std::to_string(id)) {
      return id;
    }
  }
  refuse(key, value.is_string() ? value.dump() : in_words(value), "0, 1");
}

std::vector<std::int64_t> RowFields::ids(const std::string& key) const {
  const auto& value = at(key);
  constexpr auto allowed = "a list of token ids";
  if (!value.is_array()) {
    refuse(key, in_words(value), allowed);
  }
  std::vector<std::int64_t> ids;
  for (const auto& id : value) {
    if (!id.is_number_integer() || id.get<std::int64_t>() < 0) {
      refuse(key, fmt::format("{} in the list", in_words(id)), allowed);
    }
    ids.push_back(id);
  }
  return ids;
}

}  // namespace ballast
