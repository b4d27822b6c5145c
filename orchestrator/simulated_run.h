// Jobs over simulated ranks: the loops, handles and schedules of real runs.
#pragma once
#include <vector>

#include "orchestrator/metrics.h"
#include "orchestrator/simulation.h"

namespace ballast {

// An iteration with what came before it to overlap with; of a supervised job an optimizer step, on average over a few.
struct SimulatedRun {
  StepMetrics figures;                       // as a run logs them: time/iteration, time/PHASE, share/PHASE, idle/ROLE
  std::vector<SimulatedStep> critical_path;  // of what was simulated between begin and end
  double begin = 0.0;
  double end = 0.0;
  std::int64_t iterations = 1;  // between begin and end
  SentBytes bytes;              // that all ranks send, in an iteration
  double orchestrator_s = 0.0;  // its thread's time for messages, in an iteration
  std::int64_t columns = 1;     // each simulated rank stands for as many

  double iteration_s() const { return (end - begin) / static_cast<double>(iterations); }
};

// The second of two iterations of ppo_lag, or of ppo where the placement has no Cost.
SimulatedRun simulate(const Workload& workload, const Cluster& cluster, const Placement& placement,
                      const SimulationOptions& options = {});

// Optimizer steps of sft, reward or cost: the placement's one role learns, an iteration is a mini-batch of
// `workload.batch`, a row (of reward and cost each side of a pair) has `workload.response` tokens.
SimulatedRun simulate_supervised(const Workload& workload, const Cluster& cluster, const Placement& placement,
                                 const SimulationOptions& options = {});

}  // namespace ballast
