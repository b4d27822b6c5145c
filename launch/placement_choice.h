// The setting `placement`: a table of ranks, or `auto`.
#pragma once
#include "launch/settings_reader.h"
#include "launch/settings_writer.h"
#include "orchestrator/placement.h"

namespace ballast {

struct PlacementChoice : PlacementConfig {
  bool search = false;  // `auto`: the fastest on a cluster; where none is given as without a table
};

bool read_setting(const SettingsField& field, PlacementChoice& choice);
SettingsNode write_setting(const PlacementChoice& choice);

}  // namespace ballast
