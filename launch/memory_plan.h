// What a job needs on each rank, from its configuration and the models' config.json alone.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "launch/train_config.h"

namespace ballast {

// Of one role on one of its ranks. Sizes in bytes.
struct RoleMemory {
  std::int64_t parameters = 0;  // elements
  std::int64_t weights = 0;
  std::int64_t gradients = 0;
  std::int64_t optimizer = 0;  // both moments of AdamW
  std::int64_t lanes = 0;      // partial gradient sums
  std::int64_t packed = 0;     // weights once more, as generation reads them
  std::int64_t kv_cache = 0;   // of generation

  std::int64_t total() const { return weights + gradients + optimizer + lanes + packed + kv_cache; }
};

struct RankMemory {
  std::map<Role, RoleMemory> roles;
  std::int64_t batch_store = 0;  // of one rollout

  std::int64_t total() const;
};

// One role and the model that it loads.
struct ModelUse {
  Role role = Role::Actor;
  const ModelSource& model;
  bool learns = false;
  std::int64_t lanes = 1;
};
// Of a job with one role, whose store holds no batch.
std::map<int, RankMemory> memory_plan(const ModelUse& use, const Placement& placement);

// By rank; ranks without a role are left out. Activations, libraries and buffers of the network are not counted, nor is
// the padding between parameters. The models are those of `violations_of`: throws ModelError where these are wrong.
std::map<int, RankMemory> memory_plan(const TrainConfig& config, const Placement& placement);

// A table for people, in MiB.
std::string describe(const std::map<int, RankMemory>& plan);

}  // namespace ballast
