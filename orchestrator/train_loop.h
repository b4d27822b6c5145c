// The main job: Safe RLHF (PPO-Lagrangian) as the paper's algorithm, over role handles.
#pragma once
#include <filesystem>
#include <functional>

#include "algorithms/lagrange.h"
#include "orchestrator/cast_handles.h"
#include "orchestrator/journal.h"
#include "orchestrator/prompts.h"

namespace ballast {

struct LoopConfig {
  std::int64_t iterations = 1;
  BatchConfig batch;
  LagrangeConfig lambda;
};

// What the loop works with; everything outlives the call.
struct LoopParts {
  CommandStream& stream;
  Metrics& metrics;  // listens to the stream
  PromptStream& prompts;
  Journal& journal;
  std::filesystem::path run_folder;
  std::function<void(std::int64_t iteration, const StepMetrics&)> on_iteration;  // progress
};

// Optimizer steps of the whole run: what learning-rate schedules are laid over.
std::int64_t training_steps(const LoopConfig& config);

// Runs all iterations with roles that have loaded their models, then saves the actor (and critics) under `run_folder`.
// Without a Cost role it is plain PPO: no constraint, lambda is not used. Throws RunFailed.
void train_ppo_lag(CastHandles& roles, const LoopConfig& config, const LoopParts& parts);

}  // namespace ballast
