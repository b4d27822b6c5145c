// Which ranks play which role.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "workers/role.h"

namespace ballast {

// Explicit table, role -> ranks; empty: `auto`. YAML: `placement: {actor: [0, 1], reference: [2], ...}`.
struct PlacementConfig {
  std::vector<int> actor, reference, reward, cost, reward_critic, cost_critic;

  template <typename Fields>
  void describe(Fields& field) {
    field("actor", actor, "world ranks of the actor, replica by replica; all roles empty: placed automatically");
    field("reference", reference, "world ranks of the reference model");
    field("reward", reward, "world ranks of the reward model");
    field("cost", cost, "world ranks of the cost model");
    field("reward_critic", reward_critic, "world ranks of the reward critic");
    field("cost_critic", cost_critic, "world ranks of the cost critic");
  }
};

struct PlacementRequest {
  std::vector<Role> roles;     // that the algorithm needs
  std::map<Role, int> shards;  // of each role's model (its `tensor_parallel`); left out: 1
  int world_size = 1;
  int gradient_lanes = 2;

  int shards_of(Role role) const {
    const auto entry = shards.find(role);
    return entry == shards.end() ? 1 : entry->second;
  }
};

// The explicit table where one is given, replica by replica and in each shard by shard, else auto_placement. Returns
// every violation as a sentence in `violations`: more shards than ranks, a role without ranks, ranks that are no
// multiple of its shards, a rank outside the world, a rank twice in a role, a role that the algorithm does not have.
Placement resolve_placement(const PlacementConfig& config, const PlacementRequest& request,
                            std::vector<std::string>& violations);

// 'actor: 0, 1 | 2, 3 (2 replicas x 2 shards); reference: 4': replicas of whole models are only listed.
std::string describe(const Placement& placement);
// 'actor, reference' for the roles of one rank; 'no role' if it has none.
std::string roles_of(const Placement& placement, int rank);

}  // namespace ballast
