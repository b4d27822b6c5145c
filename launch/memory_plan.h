// What a job needs on each rank, by class, from its configuration and the models' config.json alone.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "launch/activation_memory.h"
#include "launch/supervised_config.h"
#include "launch/train_config.h"
#include "workers/memory/memory_class.h"

namespace ballast {

// Of one role on one of its ranks.
struct RoleMemory {
  std::int64_t elements = 0;     // parameters that this rank holds: its shard's
  MemoryBytes bytes;             // activations: the most while the role works alone
  ActivationMemory activations;  // of a micro-batch
};

struct RankMemory {
  std::map<Role, RoleMemory> roles;
  MemoryBytes bytes;  // of all roles; activations: the most at one time, which is less than their sum

  std::int64_t total() const { return bytes.total(); }
};

// By rank; ranks without a role are left out. Every row is taken to be as long as it may be. Libraries and their
// buffers are not counted, nor is the padding between parameters. The models are those of `violations_of`: throws
// ModelError where these are wrong.
std::map<int, RankMemory> memory_plan(const TrainConfig& config, const Placement& placement);
// Of a supervised job, whose one role is this; its store holds no batch.
std::map<int, RankMemory> memory_plan(const SupervisedConfig& config, Role role, const Placement& placement);

// Ranks that need the same.
struct RankClass {
  std::vector<int> ranks;  // ascending
  RankMemory memory;       // of each of them
};
// By their first rank.
std::vector<RankClass> rank_classes(const std::map<int, RankMemory>& plan);

// A table for people, in MiB; ranks that need the same are one entry.
std::string describe(const std::map<int, RankMemory>& plan);

}  // namespace ballast
