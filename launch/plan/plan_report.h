// A prediction for people and for programs.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "launch/plan/predict.h"

namespace ballast {

// What was planned, and what came out.
struct PlanReport {
  const Cluster& cluster;
  const Placement& placement;
  const Prediction& prediction;
};

// Tables: placement and layouts, memory by class against capacity, time by phase, idle roles, the critical path, bytes
// by link, and what an iteration costs.
std::string describe(const PlanReport& report);
nlohmann::json to_json(const PlanReport& report);

// 'ranks 0-7 (actor): 93.1 GB of 80.0 GB' for each class of ranks that does not fit, and the settings with which they
// would; empty where all do.
std::string describe_misfits(const Prediction& prediction);

// '0-7, 9' of ascending ranks.
std::string describe_ranks(const std::vector<int>& ranks);

}  // namespace ballast
