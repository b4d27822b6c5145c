// How a scored rollout becomes optimizer steps.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "orchestrator/prompts.h"
#include "orchestrator/role_handle.h"
#include "orchestrator/token_bins.h"

namespace ballast {

// A rollout that every role has scored.
struct Scored {
  BatchRef rollout;
  std::vector<double> costs;                               // by row, in prompt order; empty without a constraint
  std::vector<std::vector<std::int64_t>> response_tokens;  // by micro-batch and row
};

// What one optimizer step learns from.
struct MiniBatch {
  std::vector<int> micro_batches;  // of the rollout: consecutive ones, whose rows these are
  std::int64_t rows = 0;           // that have a response: the normaliser of the losses
  // What the learners go through: the same micro-batches, or the rows cut anew by tokens.
  std::uint64_t batch = 0;
  std::vector<int> learned;
  std::vector<std::int64_t> tokens;           // of each of `learned`, prompts included
  std::vector<std::vector<LabelledRow>> ptx;  // empty, or for each of `learned`
};

// One optimizer step, and what the orchestrator decided for it.
struct TrainStep {
  std::int64_t step = 0;       // counts the run's optimizer steps from 0
  std::uint64_t rollout = 0;   // the batch whose rows it learns from
  std::int64_t staleness = 0;  // iterations that the actor has learned since it generated the rollout
  MiniBatch mini;
  double lambda = 0.0;
  double episode_cost = 0.0;  // mean of the cost window when lambda was updated
};

// The mini-batches of a rollout, by its own micro-batches.
std::vector<MiniBatch> mini_batches(const Scored& scored, const PromptBatch& prompts, const BatchConfig& config);

// Cuts each mini-batch by tokens: its `learned`, `tokens` and `ptx` are then those of the training micro-batches that
// are returned, which are numbered through the rollout. PTX rows, of which there are as many as rows, are spread over
// the same micro-batches within the same budget.
Regrouping cut_by_tokens(std::vector<MiniBatch>& minis, const Scored& scored, const PromptBatch& prompts,
                         const TokenBudget& budget);

}  // namespace ballast
