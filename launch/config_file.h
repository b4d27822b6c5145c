// Configuration files: YAML and overrides from the command line -> any struct that describes its settings, and back.
//
//   struct LagrangeConfig {
//     double init = 1.0;
//     template <typename Fields>
//     void describe(Fields& field) {
//       field("init", init, "lambda at the start").above(0.0);
//     }
//   };
//
// That one description reads, checks, writes and documents the struct. A key that is left out keeps its default.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "launch/settings_node.h"
#include "launch/settings_reader.h"
#include "launch/settings_table.h"
#include "launch/settings_writer.h"
#include "launch/settings_yaml.h"

namespace ballast {

// The file's text; reports a file that is missing or cannot be read.
YamlText read_yaml_file(const std::filesystem::path& file, Violations& violations);

// The tree of the text with every override 'key.path=value' put in its place, the value parsed as YAML. An override
// replaces what stands there, a list or section as a whole.
SettingsNode parse_config_tree(const YamlText& yaml, const std::vector<std::string>& overrides, Violations& violations);

// Throws ConfigError, which names every violation, unless the text and the overrides describe valid settings.
template <Section Settings>
Settings parse_config(const YamlText& yaml, const std::vector<std::string>& overrides = {}) {
  Violations violations;
  const SettingsNode tree = parse_config_tree(yaml, overrides, violations);
  Settings settings;
  read_setting(SettingsField{tree, "", violations}, settings);
  violations.throw_if_any();
  return settings;
}

template <Section Settings>
Settings read_config(const std::filesystem::path& file, const std::vector<std::string>& overrides = {}) {
  Violations violations;
  const YamlText yaml = read_yaml_file(file, violations);
  violations.throw_if_any();
  return parse_config<Settings>(yaml, overrides);
}

// All settings as YAML, their meaning as comments; parsing it gives equal settings.
template <Section Settings>
std::string write_config(const Settings& settings) {
  return to_yaml(write_setting(settings));
}

// All settings with default, allowed values and meaning, as a Markdown table.
template <Section Settings>
std::string document_config() {
  std::vector<SettingsRow> rows;
  SettingsTable table(rows, "");
  Settings{}.describe(table);
  return to_markdown(rows);
}

}  // namespace ballast
