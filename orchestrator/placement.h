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
    field("actor", actor, "world ranks of the actor's replicas; all roles empty: placed automatically");
    field("reference", reference, "world ranks of the reference model");
    field("reward", reward, "world ranks of the reward model");
    field("cost", cost, "world ranks of the cost model");
    field("reward_critic", reward_critic, "world ranks of the reward critic");
    field("cost_critic", cost_critic, "world ranks of the cost critic");
  }
};

// One rank for each role when there are as many ranks as roles; with fewer, frozen scorers share first; with more, the
// actor gets replicas first, as many as `gradient_lanes` can be dealt to (a power of two). A job's only role learns,
// and gets as many likewise; ranks beyond them have no role. Needs world_size >= 1.
Placement auto_placement(const std::vector<Role>& roles, int world_size, int gradient_lanes);

// The explicit table where one is given, else auto. Returns every violation as a sentence in `violations`: a role
// without ranks, a rank outside the world, a rank twice in a role, a role that the algorithm does not have.
struct PlacementRequest {
  std::vector<Role> roles;  // that the algorithm needs
  int world_size = 1;
  int gradient_lanes = 2;
};
Placement resolve_placement(const PlacementConfig& config, const PlacementRequest& request,
                            std::vector<std::string>& violations);

// 'actor: 0, 1; reference: 2'
std::string describe(const Placement& placement);
// 'actor, reference' for the roles of one rank; 'no role' if it has none.
std::string roles_of(const Placement& placement, int rank);

}  // namespace ballast
