// One job of `ballast train`: an algorithm with its configuration.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "launch/config_file.h"
#include "launch/job_config.h"
#include "launch/plan/predict.h"
#include "launch/plan/search.h"
#include "launch/progress.h"
#include "orchestrator/command_stream.h"

namespace ballast {

// What the orchestrator of a job works with; everything outlives the job.
struct JobParts {
  CommandStream& stream;
  const Placement& placement;
  // Makes the run folder. A job calls it once every role has its model: a run that cannot start leaves nothing behind.
  std::function<void()> make_run_folder;
  ShowProgress show_progress = ShowProgress::Auto;
  bool on_gpu = false;                   // where the ranks compute
  std::function<bool()> stop_requested;  // by Ctrl-C and its like: a job stops soon, at a place that makes sense
  bool& interrupted;                     // set by a job that has stopped before its end
};

class TrainingJob {
 public:
  virtual ~TrainingJob() = default;

  virtual const JobConfig& config() const = 0;
  // The resolved configuration: reading it gives the same job.
  virtual std::string yaml() const = 0;
  // The roles that need ranks, and how many each.
  virtual PlacementRequest placement_request(int world_size) const = 0;
  // What a single setting cannot show, every violation as 'field: found; allowed'.
  virtual std::vector<std::string> violations() const = 0;
  // What each rank needs in memory, as a table.
  virtual std::string memory(const Placement& placement) const = 0;
  // What it will do on a cluster. Throws UserError.
  virtual Prediction predict(const Placement& placement, const Cluster& cluster,
                             const PredictOptions& options) const = 0;
  // The fastest placements and layouts on so many ranks of a cluster. Throws UserError.
  virtual SearchResult search(const Cluster& cluster, std::int64_t ranks, const PlannedLengths& lengths) const = 0;
  // The orchestrator's part, on rank 0: loads models, trains, saves. Throws UserError, RunFailed.
  virtual void orchestrate(const JobParts& parts) const = 0;
};

// Reads the configuration as its key `algorithm` says. Throws ConfigError, which names every violation.
std::unique_ptr<TrainingJob> read_training_job(const YamlText& yaml, const std::vector<std::string>& overrides = {});

}  // namespace ballast
