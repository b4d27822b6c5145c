// The main job: Safe RLHF (PPO-Lagrangian) as the paper's algorithm, over role handles.
#pragma once
#include <functional>
#include <optional>

#include "algorithms/lagrange.h"
#include "orchestrator/cast_handles.h"
#include "orchestrator/checkpoint.h"
#include "orchestrator/prompts.h"
#include "orchestrator/run_record.h"

namespace ballast {

struct LoopConfig {
  std::int64_t iterations = 1;
  BatchConfig batch;
  LagrangeConfig lambda;
  SamplesConfig samples;
  std::int64_t evaluate_every = 0;  // iterations; 0: only before the first and after the last
  bool one_step_ahead = false;
  std::int64_t gradient_lanes = 2;

  CastOptions cast_options() const;
};

// What the loop works with; everything outlives the call.
struct LoopParts {
  CommandStream& stream;
  Metrics& metrics;  // listens to the stream, as the record and the checkpoints do
  RunRecord& record;
  Checkpoints& checkpoints;
  PromptStream& prompts;
  std::optional<PromptBatch> held_out = std::nullopt;           // evaluated, never learned from
  std::function<bool()> stop_requested = [] { return false; };  // asked between iterations
};

// Optimizer steps of the whole run: what learning-rate schedules are laid over.
std::int64_t training_steps(const LoopConfig& config);

// Runs all iterations with roles that have loaded their models, then saves the models; a run that is asked to stop
// leaves a checkpoint instead. Returns the iterations that are done. Without a Cost role it is plain PPO: no
// constraint, lambda is not used. Throws RunFailed.
std::int64_t train_ppo_lag(CastHandles& roles, const LoopConfig& config, const LoopParts& parts);

}  // namespace ballast
