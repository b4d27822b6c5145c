// A configuration as written, before anything is known about its meaning: a tree of scalars, lists and mappings.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "launch/settings_violations.h"

namespace ballast {

struct SettingsEntry;

struct SettingsNode {
  enum class Kind { Null, Scalar, List, Mapping };

  Kind kind = Kind::Null;
  std::string text;                    // of a scalar
  bool quoted = false;                 // a quoted scalar is text, never a number or a truth value
  std::vector<SettingsNode> items;     // of a list
  std::vector<SettingsEntry> entries;  // of a mapping, in the order written
  Where where;

  // The entry's value, nullptr when there is none.
  const SettingsNode* find(std::string_view key) const;
  // Adds an entry to a mapping.
  void append(std::string_view key, SettingsNode value, std::string_view help = "");
  // The node in words for an error: 'text', null, a list, a mapping.
  std::string in_words() const;
};

struct SettingsEntry {
  std::string key;
  SettingsNode value;
  Where where;       // of the key
  std::string help;  // printed as a comment
};

}  // namespace ballast
