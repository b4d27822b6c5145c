#include "launch/settings_yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <sstream>

namespace ballast {
namespace {

// Builds the tree from the parser's events rather than from its nodes, which hide duplicate keys and quotes and may,
// by aliases, contain themselves.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const YamlText& yaml, Violations& violations) : yaml_(yaml), violations_(violations) {}

  SettingsNode root() && { return std::move(root_); }
  Where where(const YAML::Mark& mark) const { return {yaml_.source, yaml_.has_lines ? mark.line + 1 : 0}; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      violations_.add({where(mark), "", "a further document", "one document"});
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add({.where = where(mark)}); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    violations_.add({where(mark), "", "an alias (*name)", "values written where they are used"});
    add({.where = where(mark)});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& text) override {
    add({.kind = SettingsNode::Kind::Scalar, .text = text, .quoted = tag == "!", .where = where(mark)});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open_.push_back({{.kind = SettingsNode::Kind::List, .where = where(mark)}, {}});
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open_.push_back({{.kind = SettingsNode::Kind::Mapping, .where = where(mark)}, {}});
  }
  void OnMapEnd() override { close(); }

 private:
  struct OpenNode {
    SettingsNode node;
    std::optional<SettingsNode> key;  // of a mapping: read, its value still to come
  };

  // The keys that lead to the value that is read now: 'a.b.c'.
  std::string path() const {
    std::string keys;
    for (const OpenNode& open : open_) {
      if (open.key) {
        keys += keys.empty() ? open.key->text : "." + open.key->text;
      }
    }
    return keys;
  }

  void close() {
    SettingsNode node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(SettingsNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (auto& [parent, key] = open_.back(); parent.kind == SettingsNode::Kind::List) {
      parent.items.push_back(std::move(node));
    } else if (!key) {
      key = std::move(node);
    } else {
      add_entry(parent, *key, std::move(node));
      key.reset();
    }
  }

  void add_entry(SettingsNode& mapping, const SettingsNode& key, SettingsNode value) {
    if (value.kind == SettingsNode::Kind::Null) {
      value.where = key.where;  // the parser's mark of a value that is left out is where the next thing stands
    }
    if (key.kind != SettingsNode::Kind::Scalar) {
      violations_.add({key.where, "", key.in_words() + " as a key", "text"});
    } else if (mapping.find(key.text) != nullptr) {
      violations_.add({key.where, path(), "the key a second time", "each key once in a mapping"});
    } else {
      mapping.entries.push_back({.key = key.text, .value = std::move(value), .where = key.where});
    }
  }

  const YamlText& yaml_;
  Violations& violations_;
  std::vector<OpenNode> open_;
  SettingsNode root_;
  int documents_ = 0;
};

bool is_simple(const SettingsNode& node) { return node.items.empty() && node.entries.empty(); }

void emit(YAML::Emitter& out, const SettingsNode& node);

void emit_list(YAML::Emitter& out, const SettingsNode& list) {
  if (std::ranges::all_of(list.items, is_simple)) {
    out << YAML::Flow;
  }
  out << YAML::BeginSeq;
  for (const SettingsNode& item : list.items) {
    emit(out, item);
  }
  out << YAML::EndSeq;
}

// A comment stands behind what it explains: behind the key when the value fills further lines, else behind the value.
void emit_mapping(YAML::Emitter& out, const SettingsNode& mapping) {
  if (mapping.entries.empty()) {
    out << YAML::Flow;
  }
  out << YAML::BeginMap;
  for (const auto& [key, value, where, help] : mapping.entries) {
    const bool on_key = !std::ranges::all_of(value.items, is_simple) || !value.entries.empty();
    out << YAML::Key << key;
    if (!help.empty() && on_key) {
      out << YAML::Comment(help);
    }
    out << YAML::Value;
    emit(out, value);
    if (!help.empty() && !on_key) {
      out << YAML::Comment(help);
    }
  }
  out << YAML::EndMap;
}

void emit(YAML::Emitter& out, const SettingsNode& node) {
  switch (node.kind) {
    case SettingsNode::Kind::Null:
      out << YAML::Null;
      break;
    case SettingsNode::Kind::Scalar:
      out << node.text;
      break;
    case SettingsNode::Kind::List:
      emit_list(out, node);
      break;
    case SettingsNode::Kind::Mapping:
      emit_mapping(out, node);
      break;
  }
}

SettingsNode without_help(SettingsNode node) {
  for (SettingsNode& item : node.items) {
    item = without_help(std::move(item));
  }
  for (SettingsEntry& entry : node.entries) {
    entry.help.clear();
    entry.value = without_help(std::move(entry.value));
  }
  return node;
}

}  // namespace

SettingsNode parse_yaml(const YamlText& yaml, Violations& violations) {
  TreeBuilder builder(yaml, violations);
  try {
    std::istringstream stream(yaml.text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::ParserException& error) {
    violations.add({builder.where(error.mark), "", "a syntax error (" + error.msg + ")", "well-formed YAML"});
  }
  return std::move(builder).root();
}

std::string to_yaml(const SettingsNode& node) {
  YAML::Emitter out;
  out.SetNullFormat(YAML::LowerNull);
  emit(out, node);
  return std::string(out.c_str()) + "\n";
}

std::string one_line(const SettingsNode& node) {
  YAML::Emitter out;
  out.SetNullFormat(YAML::LowerNull);
  out.SetSeqFormat(YAML::Flow);
  out.SetMapFormat(YAML::Flow);
  emit(out, without_help(node));
  return out.c_str();
}

}  // namespace ballast
