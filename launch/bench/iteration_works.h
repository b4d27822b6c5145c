// Whole iterations of the main job, by the orchestrator and the workers of a real run.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "comm/world.h"
#include "launch/bench/model_works.h"
#include "launch/failure_report.h"
#include "launch/train_config.h"
#include "orchestrator/metrics.h"

namespace ballast {

struct IterationOptions {
  WorkOptions work;
  std::int64_t micro_batches = 1;      // of `work.batch` rows each, and as many optimizer steps
  std::vector<std::string> overrides;  // 'key.path=value', of `ballast train`
};
// Every role has the same shape, and weights of its own where they are random. Throws UserError, ConfigError.
TrainConfig iteration_config(const IterationOptions& options);

// The process that iterations run in.
struct BenchRank {
  World& world;
  c10::Device device = c10::kCPU;
  FailureReport& failure;
};
// On every rank of the job: runs the iterations, leaves trace.json and the journal in the folder, which exists, and
// appends the figures of each iteration (docs/metrics.md) on rank 0. Saves no model. Returns the exit code.
int run_iterations(const TrainConfig& config, const BenchRank& rank, std::vector<StepMetrics>& figures);

// Of the iterations but the first, in which memory is taken: seconds, and the median share of each phase and of idle
// time.
std::string describe_iterations(const std::vector<StepMetrics>& figures);
nlohmann::json iterations_to_json(const std::vector<StepMetrics>& figures);

}  // namespace ballast
