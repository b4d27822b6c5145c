#include "launch/settings_node.h"

#include <algorithm>

namespace ballast {

const SettingsNode* SettingsNode::find(std::string_view key) const {
  const auto entry = std::ranges::find(entries, key, &SettingsEntry::key);
  return entry == entries.end() ? nullptr : &entry->value;
}

void SettingsNode::append(std::string_view key, SettingsNode value, std::string_view help) {
  SettingsEntry& entry = entries.emplace_back();
  entry.key = key;
  entry.value = std::move(value);
  entry.help = help;
}

std::string SettingsNode::in_words() const {
  switch (kind) {
    case Kind::Null:
      return "null";
    case Kind::Scalar:
      return "'" + text + "'" + (quoted ? " in quotes" : "");
    case Kind::List:
      return "a list";
    case Kind::Mapping:
      return "a mapping";
  }
  return "nothing";
}

}  // namespace ballast
