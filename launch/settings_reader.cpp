#include "launch/settings_reader.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

namespace ballast {
namespace {

bool is_plain_scalar(const SettingsNode& node) { return node.kind == SettingsNode::Kind::Scalar && !node.quoted; }

// The whole of `text` as a number, or nothing.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool complete = error == std::errc() && end == text.data() + text.size();
  return complete ? std::optional(number) : std::nullopt;
}

template <typename Integer>
bool read_integer(const SettingsField& field, Integer& value) {
  const auto number = is_plain_scalar(field.node) ? parse_number<Integer>(field.node.text) : std::nullopt;
  if (!number) {
    const bool too_large = is_plain_scalar(field.node) && parse_number<double>(field.node.text) &&
                           field.node.text.find_first_not_of("-0123456789") == std::string::npos;
    const auto largest = std::numeric_limits<Integer>::max();
    return field.reject(type_name<Integer>() + (too_large ? fmt::format(" of at most {}", largest) : ""));
  }
  value = *number;
  return true;
}

// Levenshtein's distance: insertions, deletions and replacements that lead from one word to the other.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

// " (did you mean 'lambda'?)" when a known key is close enough to be meant, else nothing.
std::string suggestion(std::string_view unknown, const std::vector<std::string>& known) {
  const std::size_t close_enough = std::clamp<std::size_t>(unknown.size() / 2, 1, 3);
  const auto distance = [&](const std::string& key) { return edit_distance(unknown, key); };
  const auto nearest = std::ranges::min_element(known, {}, distance);
  if (nearest == known.end() || distance(*nearest) > close_enough) {
    return "";
  }
  return fmt::format(" (did you mean '{}'?)", *nearest);
}

}  // namespace

bool SettingsField::reject(const std::string& allowed) const {
  violations.add({.where = node.where, .field = path, .found = node.in_words(), .allowed = allowed});
  return false;
}

void SettingsField::reject_number(double number, const std::string& allowed) const {
  violations.add({.where = node.where, .field = path, .found = fmt::format("{}", number), .allowed = allowed});
}

SettingsField SettingsField::item(std::size_t index) const {
  return {node.items[index], fmt::format("{}[{}]", path, index), violations};
}

SettingsField SettingsField::entry(const SettingsEntry& entry) const {
  return {entry.value, path.empty() ? entry.key : path + "." + entry.key, violations};
}

bool read_setting(const SettingsField& field, bool& value) {
  const bool is_true = field.node.text == "true";
  if (!is_plain_scalar(field.node) || (!is_true && field.node.text != "false")) {
    return field.reject(type_name<bool>());
  }
  value = is_true;
  return true;
}

bool read_setting(const SettingsField& field, int& value) { return read_integer(field, value); }

bool read_setting(const SettingsField& field, std::int64_t& value) { return read_integer(field, value); }

bool read_setting(const SettingsField& field, double& value) {
  const auto number = is_plain_scalar(field.node) ? parse_number<double>(field.node.text) : std::nullopt;
  if (!number || !std::isfinite(*number)) {
    return field.reject(type_name<double>());
  }
  value = *number;
  return true;
}

bool read_setting(const SettingsField& field, std::string& value) {
  if (field.node.kind != SettingsNode::Kind::Scalar) {
    return field.reject(type_name<std::string>());
  }
  value = field.node.text;
  return true;
}

bool read_setting(const SettingsField& field, std::filesystem::path& value) {
  if (field.node.kind != SettingsNode::Kind::Scalar) {
    return field.reject(type_name<std::filesystem::path>());
  }
  value = field.node.text;
  return true;
}

std::optional<SettingsField> SettingsReader::find(std::string_view name) const {
  const auto& entries = section_.node.entries;
  const auto entry = std::ranges::find(entries, name, &SettingsEntry::key);
  return entry == entries.end() ? std::nullopt : std::optional(section_.entry(*entry));
}

void SettingsReader::report_unknown() const {
  for (const SettingsEntry& entry : section_.node.entries) {
    if (std::ranges::find(known_, entry.key) == known_.end()) {
      section_.violations.add({.where = entry.where,
                               .field = section_.entry(entry).path,
                               .found = "an unknown key" + suggestion(entry.key, known_),
                               .allowed = fmt::format("{}", fmt::join(known_, ", "))});
    }
  }
}

}  // namespace ballast
