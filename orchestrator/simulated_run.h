// The main job's loop, handles and schedule over simulated ranks.
#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "orchestrator/cost_model.h"
#include "orchestrator/simulated_queues.h"
#include "orchestrator/train_loop.h"

namespace ballast {

struct SimulationOptions {
  bool each_rank = false;                      // not one of each class of equal ranks
  std::optional<std::filesystem::path> trace;  // trace.json of what is simulated
};

// The last of the simulated iterations, with what came before it to overlap with.
struct SimulatedRun {
  StepMetrics figures;                       // as a run logs them: time/iteration, time/PHASE, share/PHASE, idle/ROLE
  std::vector<SimulatedStep> critical_path;  // of this iteration
  double begin = 0.0;                        // of this iteration
  double end = 0.0;
  SentBytes bytes;              // that all ranks send
  double orchestrator_s = 0.0;  // its thread's time for messages
  std::int64_t columns = 1;     // each simulated rank stands for as many
};

SimulatedRun simulate(const Workload& workload, const Cluster& cluster, const Placement& placement,
                      const SimulationOptions& options = {});

}  // namespace ballast
