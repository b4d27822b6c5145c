// YAML text <-> a tree of settings. The YAML library is named in the source file alone.
#pragma once
#include <string>

#include "launch/settings_node.h"
#include "launch/settings_violations.h"

namespace ballast {

struct YamlText {
  std::string text;
  std::string source;     // names the text in violations: a file, or 'command line'
  bool has_lines = true;  // whether a violation names the line
};

// The tree of the one document; null when there is none. Reports a syntax error, duplicate keys, keys that are no text,
// aliases and further documents.
SettingsNode parse_yaml(const YamlText& yaml, Violations& violations);

// With help texts as comments; ends with a newline.
std::string to_yaml(const SettingsNode& node);
// On one line, without comments.
std::string one_line(const SettingsNode& node);

}  // namespace ballast
