// Reads a tree of settings into a struct that describes itself. A value that does not fit becomes a violation and does
// not end the reading, so that one reading finds all of them.
#pragma once
#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launch/settings_node.h"
#include "launch/settings_types.h"
#include "launch/settings_violations.h"

namespace ballast {

// A value in the tree, and the way there.
struct SettingsField {
  const SettingsNode& node;
  std::string path;  // 'a.b.c', with [i] for the items of a list; empty for the whole
  Violations& violations;

  // Reports what stands here instead of `allowed`. Returns false, for the caller to pass on.
  bool reject(const std::string& allowed) const;
  // Reports a number, here or in the list or mapping here, that is not `allowed`.
  void reject_number(double number, const std::string& allowed) const;
  SettingsField item(std::size_t index) const;
  SettingsField entry(const SettingsEntry& entry) const;
};

// Each returns whether the value was read.
bool read_setting(const SettingsField& field, bool& value);
bool read_setting(const SettingsField& field, int& value);
bool read_setting(const SettingsField& field, std::int64_t& value);
bool read_setting(const SettingsField& field, double& value);
bool read_setting(const SettingsField& field, std::string& value);
bool read_setting(const SettingsField& field, std::filesystem::path& value);
template <NamedEnum E>
bool read_setting(const SettingsField& field, E& value);
template <Section S>
bool read_setting(const SettingsField& field, S& section);
template <typename T>
bool read_setting(const SettingsField& field, std::optional<T>& value);
template <typename T>
bool read_setting(const SettingsField& field, std::vector<T>& list);
template <typename T>
bool read_setting(const SettingsField& field, std::map<std::string, T>& mapping);

// What `field(...)` returns when reading: reports each number that is out of bounds.
template <typename T>
class CheckedSetting {
 public:
  // `field` is absent when there is nothing to check: the value is the default, or was rejected already.
  CheckedSetting(std::optional<SettingsField> field, const T& value) : field_(std::move(field)), value_(value) {}

  CheckedSetting& at_least(double bound) { return check("at least", bound, std::greater_equal<>()); }
  CheckedSetting& above(double bound) { return check("above", bound, std::greater<>()); }
  CheckedSetting& at_most(double bound) { return check("at most", bound, std::less_equal<>()); }
  CheckedSetting& below(double bound) { return check("below", bound, std::less<>()); }

 private:
  template <typename Compare>
  CheckedSetting& check(std::string_view relation, double bound, const Compare& holds) {
    if (field_) {
      for_each_number(value_, [&](double number) {
        if (!holds(number, bound)) {
          field_->reject_number(number, fmt::format("{} {}", relation, bound));
        }
      });
    }
    return *this;
  }

  std::optional<SettingsField> field_;
  const T& value_;
};

// The visitor that a section's `describe` calls with each of its fields.
class SettingsReader {
 public:
  explicit SettingsReader(const SettingsField& section) : section_(section) {}

  template <typename T>
  CheckedSetting<T> operator()(std::string_view name, T& value, std::string_view /*help*/) {
    known_.emplace_back(name);
    std::optional<SettingsField> field = find(name);
    if (field && !read_setting(*field, value)) {
      field.reset();
    }
    return {field, value};
  }

  // To be called after `describe`: reports entries that no field has asked for.
  void report_unknown() const;

 private:
  std::optional<SettingsField> find(std::string_view name) const;

  const SettingsField& section_;
  std::vector<std::string> known_;
};

template <NamedEnum E>
bool read_setting(const SettingsField& field, E& value) {
  for (const auto& [candidate, name] : enum_names(E{})) {
    if (field.node.kind == SettingsNode::Kind::Scalar && field.node.text == name) {
      value = candidate;
      return true;
    }
  }
  return field.reject(type_name<E>());
}

template <Section S>
bool read_setting(const SettingsField& field, S& section) {
  if (field.node.kind != SettingsNode::Kind::Mapping) {
    return field.reject("a section of 'key: value' entries");
  }
  SettingsReader reader(field);
  section.describe(reader);
  reader.report_unknown();
  return true;
}

template <typename T>
bool read_setting(const SettingsField& field, std::optional<T>& value) {
  if (field.node.kind == SettingsNode::Kind::Null) {
    value.reset();
    return true;
  }
  T present = value.value_or(T{});
  if (!read_setting(field, present)) {
    return false;
  }
  value = std::move(present);
  return true;
}

template <typename T>
bool read_setting(const SettingsField& field, std::vector<T>& list) {
  if (field.node.kind != SettingsNode::Kind::List) {
    return field.reject(type_name<std::vector<T>>());
  }
  list.clear();
  bool all_read = true;
  for (std::size_t i = 0; i < field.node.items.size(); ++i) {
    T item{};
    all_read &= read_setting(field.item(i), item);
    list.push_back(std::move(item));
  }
  return all_read;
}

template <typename T>
bool read_setting(const SettingsField& field, std::map<std::string, T>& mapping) {
  if (field.node.kind != SettingsNode::Kind::Mapping) {
    return field.reject(type_name<std::map<std::string, T>>());
  }
  mapping.clear();
  bool all_read = true;
  for (const SettingsEntry& entry : field.node.entries) {
    all_read &= read_setting(field.entry(entry), mapping[entry.key]);
  }
  return all_read;
}

}  // namespace ballast
