// A golden end-to-end folder (e2e-*): the rollouts, models and hyper-parameters that the reference implementation was
// run with, as settings of our own training loop.
#pragma once
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "orchestrator/train_loop.h"
#include "workers/worker_settings.h"

namespace ballast::golden {

struct EndToEndCase {
  std::filesystem::path folder;
  nlohmann::json expected;  // expected.json
  bool constrained = false;
  bool with_ptx = false;
  LoopConfig loop;
  WorkerSettings workers;
  PromptBatch rollouts;  // all micro-batches, with responses
};

// Throws std::runtime_error naming the folder when it cannot be run.
EndToEndCase read_end_to_end_case(const std::filesystem::path& folder);

// Hands out the case's rollouts once.
std::unique_ptr<PromptStream> given_rollouts(const EndToEndCase& end_to_end);

// What differs between the run in `run_folder` and the reference, one line each; empty: all within the tolerances.
std::vector<std::string> differences(const EndToEndCase& end_to_end, const std::filesystem::path& run_folder);

}  // namespace ballast::golden
