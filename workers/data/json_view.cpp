#include "workers/data/json_view.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "workers/user_error.h"

namespace ballast {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  // A folder opens, but cannot be read.
  if (!file || std::filesystem::is_directory(path) ||
      (file.peek() != std::ifstream::traits_type::eof() && !(bytes << file.rdbuf()))) {
    throw UserError(fmt::format("{}: cannot be read", path.string()));
  }
  return bytes.str();
}

nlohmann::json read_json(const std::filesystem::path& path) {
  const auto text = read_file(path);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    throw UserError(fmt::format("{}: is not JSON from byte {} on", path.string(), error.byte));
  }
}

JsonView::JsonView(const nlohmann::json& value, const std::filesystem::path& file)
    : JsonView(value, file.string(), "") {}

JsonView::JsonView(const nlohmann::json& value, std::string file, std::string field)
    : value_(&value), file_(std::move(file)), field_(std::move(field)) {}

std::optional<JsonView> JsonView::find(const std::string& key) const {
  const auto& members = object();
  const auto member = members.find(key);
  if (member == members.end() || member->is_null()) {
    return std::nullopt;
  }
  return child(*member, key);
}

JsonView JsonView::at(const std::string& key) const {
  auto member = find(key);
  if (!member) {
    refuse(fmt::format("lacks '{}'", key));
  }
  return *std::move(member);
}

JsonView JsonView::at(std::size_t index) const {
  if (index >= array().size()) {
    refuse(fmt::format("must have more than {} elements", index));
  }
  return child((*value_)[index], std::to_string(index));
}

std::string JsonView::text() const {
  if (!value_->is_string()) {
    refuse_type("a text");
  }
  return value_->get<std::string>();
}

bool JsonView::flag() const {
  if (!value_->is_boolean()) {
    refuse_type("true or false");
  }
  return value_->get<bool>();
}

std::int64_t JsonView::integer() const {
  if (!value_->is_number_integer()) {
    refuse_type("an integer");
  }
  return value_->get<std::int64_t>();
}

const nlohmann::json& JsonView::object() const {
  if (!value_->is_object()) {
    refuse_type("an object");
  }
  return *value_;
}

const nlohmann::json& JsonView::array() const {
  if (!value_->is_array()) {
    refuse_type("an array");
  }
  return *value_;
}

std::string JsonView::text(const std::string& key, std::string_view otherwise) const {
  const auto member = find(key);
  return member ? member->text() : std::string(otherwise);
}

bool JsonView::flag(const std::string& key, bool otherwise) const {
  const auto member = find(key);
  return member ? member->flag() : otherwise;
}

void JsonView::allow_only(std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, unused] : object().items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      refuse(fmt::format("has '{}', which is not known; known: {}", key, fmt::join(keys, ", ")));
    }
  }
}

void JsonView::refuse(std::string_view problem) const {
  throw UserError(fmt::format("{}: {} {}", file_, field_.empty() ? "the file" : fmt::format("'{}'", field_), problem));
}

JsonView JsonView::child(const nlohmann::json& value, std::string_view name) const {
  return {value, file_, field_.empty() ? std::string(name) : fmt::format("{}.{}", field_, name)};
}

void JsonView::refuse_type(std::string_view expected) const {
  refuse(fmt::format("must be {}, found {} {}", expected, value_->is_object() || value_->is_array() ? "an" : "the",
                     value_->type_name()));
}

}  // namespace ballast
