#include "workers/starting_model.h"

#include "workers/role_settings.h"

namespace ballast {

Role starting_role(Role role, const WorkerSettings& settings) {
  if (own_model_of(role, settings).given()) return role;
  switch (role) {
    case Role::Reference:
      return Role::Actor;
    case Role::RewardCritic:
      return Role::Reward;
    case Role::CostCritic:
      return Role::Cost;
    default:
      return role;
  }
}

const ModelSource& starting_model(Role role, const WorkerSettings& settings) {
  return own_model_of(starting_role(role, settings), settings);
}

}  // namespace ballast
