// JSON files that people hand us: whatever is not as expected becomes one sentence with file, field and what was found.
#pragma once
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace ballast {

/// The bytes of a file. Throws UserError if it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Throws UserError if the file cannot be read or is not JSON.
nlohmann::json read_json(const std::filesystem::path& path);

/// A value in a JSON file that knows its place there. Does not own the value. Every access of another type than the
/// value has throws UserError.
class JsonView {
 public:
  JsonView(const nlohmann::json& value, const std::filesystem::path& file);

  /// The member `key` of an object; nothing if it is absent or null.
  std::optional<JsonView> find(const std::string& key) const;

  /// The member `key` of an object, which must be there.
  JsonView at(const std::string& key) const;

  /// The element `index` of an array, which must be there.
  JsonView at(std::size_t index) const;

  std::string text() const;
  bool flag() const;
  std::int64_t integer() const;
  const nlohmann::json& object() const;
  const nlohmann::json& array() const;
  bool is_text() const { return value_->is_string(); }

  /// Members with a default where they are absent or null.
  std::string text(const std::string& key, std::string_view otherwise) const;
  bool flag(const std::string& key, bool otherwise) const;

  /// Throws UserError if the object has another member.
  void allow_only(std::initializer_list<std::string_view> keys) const;

  /// Throws UserError: "FILE: FIELD <problem>".
  [[noreturn]] void refuse(std::string_view problem) const;

 private:
  JsonView(const nlohmann::json& value, std::string file, std::string field);
  JsonView child(const nlohmann::json& value, std::string_view name) const;
  [[noreturn]] void refuse_type(std::string_view expected) const;

  const nlohmann::json* value_;
  std::string file_;
  std::string field_;  // dotted, empty for the whole file
};

}  // namespace ballast
