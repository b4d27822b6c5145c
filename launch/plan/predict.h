// What a job will do on a cluster, before there is one: the real orchestrator over simulated ranks.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "launch/memory_plan.h"
#include "launch/plan/workload.h"
#include "launch/train_config.h"
#include "orchestrator/cluster.h"
#include "orchestrator/step_cost.h"

namespace ballast {

// All commands of one kind and role on the way that decides how long an iteration takes.
struct CriticalStep {
  std::string name;       // 'Generate', 'Score cost', 'orchestrator'
  double commands = 0.0;  // on average over what was simulated
  double seconds = 0.0;
};

struct Prediction {
  double iteration_s = 0.0;
  double orchestrator_s = 0.0;     // of which the orchestrator's thread is busy with messages
  double tokens_per_second = 0.0;  // of responses
  std::int64_t ranks = 0;
  std::map<std::string, double> phase_s;  // by iteration_phases: the longest that a rank spends on such commands
  std::map<std::string, double> share;    // by phase and 'idle': of the time of all ranks
  std::map<Role, double> idle;            // share of the iteration that the role's ranks have nothing to do
  std::vector<CriticalStep> critical_path;
  SentBytes bytes;                  // that all ranks send in an iteration
  std::vector<RankClass> memory;    // by first rank
  std::vector<std::string> remedy;  // where it does not fit: settings with which it would (memory_shortage.h)
  double device_memory = 0.0;       // bytes that a rank has
  double device_hours = 0.0;        // of an iteration
  double price = 0.0;               // of an iteration; 0: not known

  // No rank needs more memory than it has.
  bool fits() const;
};

struct PredictOptions {
  PlannedLengths lengths;
  bool each_rank = false;                      // simulates every rank, not one of each class of equal ranks
  std::optional<std::filesystem::path> trace;  // a file for the simulated timeline
};

// An iteration that has one before it to overlap with. The configuration has no violations.
Prediction predict(const TrainConfig& config, const Placement& placement, const Cluster& cluster,
                   const PredictOptions& options = {});
// Of a supervised job, whose one role this is: an iteration is an optimizer step.
Prediction predict(const SupervisedConfig& config, Role role, const Placement& placement, const Cluster& cluster,
                   const PredictOptions& options);

}  // namespace ballast
