// Supervised jobs: a language model learns texts, a reward or cost model learns pairs.
#pragma once
#include <functional>
#include <optional>

#include "orchestrator/checkpoint.h"
#include "orchestrator/journal.h"
#include "orchestrator/supervised_role.h"
#include "orchestrator/token_bins.h"

namespace ballast {

// How an epoch's rows are cut. The last mini-batch of an epoch, and its last micro-batch, take what is left.
struct SupervisedBatchConfig {
  std::int64_t mini_batch = 32;
  std::int64_t micro_batch = 4;
  std::optional<std::int64_t> tokens_per_micro_batch;
  std::int64_t max_length = 512;

  template <typename Fields>
  void describe(Fields& field) {
    field("mini_batch", mini_batch, "rows of one optimizer step; a multiple of micro_batch, where that counts")
        .at_least(1);
    field("micro_batch", micro_batch, "rows of one forward and backward pass, unless tokens_per_micro_batch is given")
        .at_least(1);
    describe_token_budget(field, tokens_per_micro_batch);
    field("max_length", max_length, "tokens of a row; longer ones are cut off").at_least(2);
  }
};

struct SupervisedLoopConfig {
  std::int64_t epochs = 1;
  std::optional<std::int64_t> iterations;  // optimizer steps, instead of epochs
  SupervisedBatchConfig batch;
  std::int64_t evaluate_every = 0;  // optimizer steps; 0: at the end alone
  std::int64_t seed = 42;
  std::int64_t gradient_lanes = 2;
};

// What the loop works with; everything outlives the call.
struct SupervisedParts {
  const Examples& examples;
  const Examples* held_out = nullptr;  // nullptr: nothing is evaluated
  Journal& journal;
  Checkpoints& checkpoints;
  // Progress: a step's figures (train/...), or those of an evaluation after it (eval/...).
  std::function<void(std::int64_t step, const StepMetrics&)> on_step;
  std::function<bool()> stop_requested = [] { return false; };  // asked between steps
};

// Optimizer steps of the whole run, which learning-rate schedules are laid over.
std::int64_t training_steps(const SupervisedLoopConfig& config, std::int64_t examples);

// Trains a role that has loaded its model: every epoch visits all examples in a new order (shuffled_order). Then saves
// it as RUN_FOLDER/ROLE; a run that is asked to stop leaves a checkpoint instead. Returns the steps that are done.
// Throws RunFailed.
std::int64_t train_supervised(SupervisedRole& role, const SupervisedLoopConfig& config, const SupervisedParts& parts);

}  // namespace ballast
