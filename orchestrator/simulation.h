// A job's ranks, simulated, and the stream by which the orchestrator orders them about.
#pragma once
#include <filesystem>
#include <optional>

#include "orchestrator/command_stream.h"
#include "orchestrator/cost_model.h"
#include "orchestrator/simulated_queues.h"
#include "orchestrator/timeline.h"
#include "orchestrator/trace.h"

namespace ballast {

struct SimulationOptions {
  bool each_rank = false;                      // not one of each class of equal ranks
  std::optional<std::filesystem::path> trace;  // trace.json of what is simulated
};

class Simulation {
 public:
  // All outlive the simulation.
  Simulation(const Workload& workload, const Cluster& cluster, const Placement& placement,
             const SimulationOptions& options);

  // What is simulated of the job.
  const EqualRanks& part() const { return part_; }
  CommandStream& stream() { return stream_; }
  const SimulatedQueues& queues() const { return queues_; }
  // Shows the part of the timeline in the trace, if one is asked for.
  void trace(std::int64_t iteration, const TimelinePart& timeline);

 private:
  EqualRanks part_;
  CostModel costs_;
  SimulatedQueues queues_;
  CommandStream stream_;
  std::optional<Trace> trace_;
};

}  // namespace ballast
