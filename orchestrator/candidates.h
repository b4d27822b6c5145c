// Placements that a search may try, by what they promise.
#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "orchestrator/cost_model.h"

namespace ballast {

struct Candidate {
  Placement placement;
  bool zero = false;           // ZeRO-1, for every role that learns
  bool checkpointing = false;  // a role that learns computes activations again in the backward pass
  double estimate_s = 0.0;     // of an iteration; orders candidates, a prediction says more
};

struct CandidateRequest {
  Workload workload;                        // its `zero` and `checkpointing` are not looked at
  std::vector<Role> roles;                  // that need ranks
  std::map<Role, std::vector<int>> shards;  // into how many a role's model can be cut, ascending; a rule: left out
  std::int64_t ranks = 1;
};

// Roles that share ranks, in all combinations, on neighbouring ranks: a power-of-two part of the job, or all of it, for
// each, so that shards of a replica stay within a node. Left out is what must be slower or cannot fit: ranks that could
// be given to somebody, replicas without a micro-batch, shards across nodes where a node's suffice, and models whose
// weights, gradients and optimizer state alone exceed the memory. The fastest estimate first.
//
// The estimate: the ranks with most to do while the rollout is made and scored, and then those with most to learn.
std::vector<Candidate> candidates(const CandidateRequest& request, const Cluster& cluster);

}  // namespace ballast
