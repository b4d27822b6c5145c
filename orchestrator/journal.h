// The append-only record of a run: what was decided and measured, one JSON line for each iteration and for each step.
#pragma once
#include <cstdint>
#include <filesystem>
#include <fstream>

#include "orchestrator/metrics.h"

namespace ballast {

// Writes `journal.jsonl` (a line for each iteration) and `metrics.jsonl` (a line for each optimizer step) into the run
// folder. Every line is flushed when it is complete. Throws std::runtime_error when a file cannot be written.
class Journal {
 public:
  explicit Journal(const std::filesystem::path& run_folder);
  void step(std::int64_t iteration, const StepMetrics& metrics);
  void iteration(std::int64_t iteration, const nlohmann::json& record);

 private:
  std::ofstream steps_;
  std::ofstream iterations_;
};

}  // namespace ballast
