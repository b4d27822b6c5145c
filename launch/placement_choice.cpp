#include "launch/placement_choice.h"

namespace ballast {
namespace {

constexpr auto search_word = "auto";

}  // namespace

bool read_setting(const SettingsField& field, PlacementChoice& choice) {
  if (field.node.kind != SettingsNode::Kind::Scalar) return read_setting(field, static_cast<PlacementConfig&>(choice));
  if (field.node.text != search_word) return field.reject("auto, or a list of ranks for each role");
  choice = {};
  choice.search = true;
  return true;
}

SettingsNode write_setting(const PlacementChoice& choice) {
  return choice.search ? scalar_node(search_word) : write_setting(static_cast<const PlacementConfig&>(choice));
}

}  // namespace ballast
