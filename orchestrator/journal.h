// The append-only record of a run: what was decided and measured, as JSON lines. docs/metrics.md defines every name.
#pragma once
#include <cstdint>
#include <filesystem>
#include <fstream>

#include "orchestrator/metrics.h"

namespace ballast {

// Writes two files into the run folder. `metrics.jsonl` has what the run's configuration and seed determine: a line for
// each optimizer step and each evaluation. `journal.jsonl` has a line for each iteration, times included, and for each
// checkpoint. Every line is flushed when it is complete. Throws std::runtime_error when a file cannot be written.
class Journal {
 public:
  // Keeps nothing: of a run that is only simulated.
  Journal() = default;
  explicit Journal(const std::filesystem::path& run_folder);
  void step(std::int64_t iteration, const StepMetrics& metrics);
  void iteration(std::int64_t iteration, const nlohmann::json& record);
  void evaluation(const StepMetrics& metrics);
  // `path` is complete, after `iterations` iterations; so many bytes left ranks for it.
  void checkpoint(std::int64_t iterations, const std::string& path, std::int64_t moved_bytes);

 private:
  std::ofstream steps_;
  std::ofstream iterations_;
};

}  // namespace ballast
