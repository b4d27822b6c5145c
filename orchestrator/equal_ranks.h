// Ranks that do the same work at the same time, of which a simulation needs one.
#pragma once
#include "orchestrator/prompts.h"
#include "workers/role.h"

namespace ballast {

// Micro-batch m goes to replica m mod replicas of each role. Where `columns` divides the replicas of all roles, the
// replicas m mod columns of all roles only ever meet each other, but for the collectives of learning: the world falls
// into columns that do the same.
struct EqualRanks {
  std::int64_t columns = 1;  // each simulated rank stands for as many
  Placement placement;       // of the first column, with the ranks' own numbers
  BatchConfig batch;         // its share of the rollout
};

// The most columns that are alike: micro-batches and mini-batches are dealt to them evenly, no rank is in two of them,
// and the same ranks of each share a node.
EqualRanks equal_ranks(const Placement& placement, const BatchConfig& batch, std::int64_t ranks_of_node);

}  // namespace ballast
