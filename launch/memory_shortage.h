// Whether a plan fits into the memory of the ranks, and what would make it fit.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "launch/memory_plan.h"

namespace ballast {

// The rank that needs most beyond what it has.
struct MemoryShortage {
  int rank = 0;
  std::string roles;        // that it plays
  std::int64_t needed = 0;  // bytes
  std::int64_t capacity = 0;
  // The fewest changes, as overrides of the configuration, with which all ranks have enough; empty: none of those that
  // are tried would do.
  std::vector<std::string> remedy;
};

// Nothing where every rank has enough. Tried are, one alone and then together: zero, activation checkpointing, smaller
// micro-batches, fewer slots, one gradient lane, twice the shards.
std::optional<MemoryShortage> memory_shortage(const TrainConfig& config, const Placement& placement,
                                              std::int64_t capacity);

// 'rank 4 (reward_critic) needs 92.1 GB and has 80.0 GB; enough with reward_critic.zero=true'
std::string describe(const MemoryShortage& shortage);

}  // namespace ballast
