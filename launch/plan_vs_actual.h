// What a run was planned to need against what it has needed: RUN_FOLDER/plan_vs_actual.json.
#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launch/memory_plan.h"
#include "orchestrator/metrics.h"

namespace ballast {

// What is expected of a run before it starts.
struct PlannedRun {
  std::map<int, RankMemory> memory;       // by rank
  std::map<std::string, double> seconds;  // by figure, 'time/iteration' and 'time/PHASE'; empty: times are not planned
};

class PlanVsActual {
 public:
  explicit PlanVsActual(PlannedRun planned) : planned_(std::move(planned)) {}

  // A finished event: its peaks of memory.
  void take_in(int rank, const Event& event);
  // An iteration's figures, of which times count; those of the first one do not where there are more.
  void iteration(const StepMetrics& figures);

  // {"memory": [{"rank", "roles", "classes": {CLASS: comparison}, "in_all": comparison}, ...],
  //  "time": {"iteration": comparison, PHASE: comparison, ...}, or null where it is not planned}
  // A comparison is {"planned", "measured", "ratio"}: bytes or seconds, measured over planned. Seconds are medians over
  // iterations. GPUs have no classes.
  nlohmann::json report() const;
  // Sentences about memory that was off by more than 5 % and times by more than 20 %; empty where the plan held.
  std::string summary() const;
  // Writes the file, and prints the summary where there is one. Throws std::runtime_error when it cannot be written.
  void tell(const std::filesystem::path& run_folder) const;

 private:
  std::map<std::string, double> measured_seconds() const;

  PlannedRun planned_;
  std::map<int, std::map<std::string, std::int64_t>> peaks_;  // by rank, as in Event::peak_bytes
  std::vector<StepMetrics> iterations_;
};

}  // namespace ballast
