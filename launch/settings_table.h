// Documents a struct that describes itself: one row for each setting.
#pragma once
#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launch/settings_types.h"
#include "launch/settings_writer.h"
#include "launch/settings_yaml.h"

namespace ballast {

struct SettingsRow {
  std::string key;      // 'a.b.c'; [] stands for an item of a list, NAME for a name that the user chooses
  std::string initial;  // the default, as it would be written in a file; empty for a section
  std::string allowed;
  std::string help;
};

// What `field(...)` returns when documenting: adds the bounds to the row.
class DocumentedSetting {
 public:
  DocumentedSetting(std::vector<SettingsRow>& rows, std::size_t row) : rows_(rows), row_(row) {}

  DocumentedSetting& at_least(double bound) { return add("at least", bound); }
  DocumentedSetting& above(double bound) { return add("above", bound); }
  DocumentedSetting& at_most(double bound) { return add("at most", bound); }
  DocumentedSetting& below(double bound) { return add("below", bound); }

 private:
  DocumentedSetting& add(std::string_view relation, double bound) {
    rows_[row_].allowed += fmt::format(", {} {}", relation, bound);
    return *this;
  }

  std::vector<SettingsRow>& rows_;
  std::size_t row_;
};

class SettingsTable {
 public:
  SettingsTable(std::vector<SettingsRow>& rows, std::string prefix) : rows_(rows), prefix_(std::move(prefix)) {}

  template <typename T>
  DocumentedSetting operator()(std::string_view name, T& value, std::string_view help) {
    const std::string key = prefix_ + std::string(name);
    const std::size_t row = rows_.size();
    rows_.push_back({key, Section<T> ? "" : one_line(write_setting(value)), type_name<T>(), std::string(help)});
    add_inner(key, value);
    return {rows_, row};
  }

 private:
  // The rows of the sections inside a value; those of an empty optional, list or mapping show the defaults.
  template <typename T>
  void add_inner(const std::string&, const T&) {}
  template <Section S>
  void add_inner(const std::string& key, const S& section) {
    SettingsTable inner(rows_, key + ".");
    S(section).describe(inner);  // a copy, because `describe` hands out references that a reader may write to
  }
  template <typename T>
  void add_inner(const std::string& key, const std::optional<T>& value) {
    add_inner(key, value.value_or(T{}));
  }
  template <typename T>
  void add_inner(const std::string& key, const std::vector<T>&) {
    add_inner(key + "[]", T{});
  }
  template <typename T>
  void add_inner(const std::string& key, const std::map<std::string, T>&) {
    add_inner(key + ".NAME", T{});
  }

  std::vector<SettingsRow>& rows_;
  std::string prefix_;
};

// As a Markdown table whose columns also line up in a terminal.
std::string to_markdown(const std::vector<SettingsRow>& rows);

}  // namespace ballast
