// Turns a struct that describes itself back into a tree of settings, help texts included. Reading the tree gives an
// equal struct.
#pragma once
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launch/settings_node.h"
#include "launch/settings_types.h"

namespace ballast {

inline SettingsNode scalar_node(std::string text) {
  return {.kind = SettingsNode::Kind::Scalar, .text = std::move(text)};
}

// What `field(...)` returns when there is nothing to check.
struct UncheckedSetting {
  UncheckedSetting& at_least(double) { return *this; }
  UncheckedSetting& above(double) { return *this; }
  UncheckedSetting& at_most(double) { return *this; }
  UncheckedSetting& below(double) { return *this; }
};

class SettingsWriter {
 public:
  template <typename T>
  UncheckedSetting operator()(std::string_view name, T& value, std::string_view help);

  // The section, after `describe`.
  SettingsNode node() && { return std::move(node_); }

 private:
  SettingsNode node_{.kind = SettingsNode::Kind::Mapping};
};

// Numbers are written with as many digits as it takes to read the same number back.
template <typename T>
requires std::is_arithmetic_v<T> SettingsNode write_setting(const T& value) {
  return scalar_node(fmt::format("{}", value));
}
inline SettingsNode write_setting(const std::string& value) { return scalar_node(value); }
inline SettingsNode write_setting(const std::filesystem::path& value) { return scalar_node(value.string()); }
template <NamedEnum E>
SettingsNode write_setting(const E& value);
template <Section S>
SettingsNode write_setting(S section);
template <typename T>
SettingsNode write_setting(const std::optional<T>& value);
template <typename T>
SettingsNode write_setting(const std::vector<T>& list);
template <typename T>
SettingsNode write_setting(const std::map<std::string, T>& mapping);

template <typename T>
UncheckedSetting SettingsWriter::operator()(std::string_view name, T& value, std::string_view help) {
  node_.append(name, write_setting(value), help);
  return {};
}

template <NamedEnum E>
SettingsNode write_setting(const E& value) {
  for (const auto& [candidate, name] : enum_names(E{})) {
    if (candidate == value) {
      return scalar_node(std::string(name));
    }
  }
  return {};
}

// By value, because `describe` hands out references that a reader may write to.
template <Section S>
SettingsNode write_setting(S section) {
  SettingsWriter writer;
  section.describe(writer);
  return std::move(writer).node();
}

template <typename T>
SettingsNode write_setting(const std::optional<T>& value) {
  return value ? write_setting(*value) : SettingsNode{};
}

template <typename T>
SettingsNode write_setting(const std::vector<T>& list) {
  SettingsNode node{.kind = SettingsNode::Kind::List};
  for (const T& item : list) {
    node.items.push_back(write_setting(item));
  }
  return node;
}

template <typename T>
SettingsNode write_setting(const std::map<std::string, T>& mapping) {
  SettingsNode node{.kind = SettingsNode::Kind::Mapping};
  for (const auto& [name, value] : mapping) {
    node.append(name, write_setting(value));
  }
  return node;
}

}  // namespace ballast
