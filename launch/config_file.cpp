#include "launch/config_file.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace ballast {
namespace {

const Where command_line{.source = "command line"};

// The entry's value, made when it is missing. The key counts as written on the command line from now on.
SettingsNode& override_entry(SettingsNode& mapping, const std::string& key) {
  auto entry = std::ranges::find(mapping.entries, key, &SettingsEntry::key);
  if (entry == mapping.entries.end()) {
    entry = mapping.entries.insert(entry, {.key = key, .value = {.where = command_line}});
  }
  entry->where = command_line;
  return entry->value;
}

// The node at 'a.b.c', made when it is missing; nullptr and a violation when a part of the way is no section.
SettingsNode* override_path(SettingsNode& root, const std::string& path, Violations& violations) {
  SettingsNode* node = &root;
  std::string way;
  std::istringstream keys(path);
  for (std::string key; std::getline(keys, key, '.');) {
    if (node->kind == SettingsNode::Kind::Null) {
      node->kind = SettingsNode::Kind::Mapping;
    }
    if (node->kind != SettingsNode::Kind::Mapping) {
      violations.add({command_line, path, "that '" + way + "' is " + node->in_words(), "a key inside a section"});
      return nullptr;
    }
    node = &override_entry(*node, key);
    way += way.empty() ? key : "." + key;
  }
  return node;
}

bool is_key_path(const std::string& path) {
  return !path.empty() && path.front() != '.' && path.back() != '.' && path.find("..") == std::string::npos;
}

void apply_override(SettingsNode& root, const std::string& assignment, Violations& violations) {
  const std::size_t equals = assignment.find('=');
  const std::string path = assignment.substr(0, equals);
  if (equals == std::string::npos || !is_key_path(path)) {
    violations.add({command_line, "", "'" + assignment + "'", "key.path=value"});
    return;
  }
  if (SettingsNode* node = override_path(root, path, violations)) {
    *node = parse_yaml({assignment.substr(equals + 1), command_line.source, false}, violations);
    node->where = command_line;
  }
}

}  // namespace

YamlText read_yaml_file(const std::filesystem::path& file, Violations& violations) {
  std::ifstream stream(file);
  std::ostringstream text;
  if (!stream || std::filesystem::is_directory(file)) {
    const Where whole_file{.source = file.string()};
    violations.add({whole_file, "", "no file that can be read", "a YAML file"});
  } else {
    text << stream.rdbuf();
  }
  return {text.str(), file.string()};
}

SettingsNode parse_config_tree(const YamlText& yaml, const std::vector<std::string>& overrides,
                               Violations& violations) {
  SettingsNode root = parse_yaml(yaml, violations);
  if (root.kind == SettingsNode::Kind::Null) {
    root = {.kind = SettingsNode::Kind::Mapping, .where = {yaml.source, 0}};
  }
  for (const std::string& assignment : overrides) {
    apply_override(root, assignment, violations);
  }
  return root;
}

}  // namespace ballast
