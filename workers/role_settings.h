// A role's own part of the settings.
#pragma once
#include "workers/role.h"
#include "workers/worker_settings.h"

namespace ballast {

// visit(the settings of that role); `settings` may be const.
template <typename Settings, typename Visit>
decltype(auto) visit_settings(Role role, Settings& settings, const Visit& visit) {
  switch (role) {
    case Role::Reference:
      return visit(settings.reference);
    case Role::Reward:
      return visit(settings.reward);
    case Role::Cost:
      return visit(settings.cost);
    case Role::RewardCritic:
      return visit(settings.reward_critic);
    case Role::CostCritic:
      return visit(settings.cost_critic);
    case Role::Actor:
      break;
  }
  return visit(settings.actor);
}

// The role's own `model`, which may not be given: see starting_model.
template <typename Settings>
auto& own_model_of(Role role, Settings& settings) {
  return visit_settings(
      role, settings, [](auto& own) -> auto& { return own.model; });
}
template <typename Settings>
auto& tensor_parallel_of(Role role, Settings& settings) {
  return visit_settings(
      role, settings, [](auto& own) -> auto& { return own.tensor_parallel; });
}
// nullptr: the role keeps its weights and has no such setting.
template <typename Settings>
auto* zero_of(Role role, Settings& settings) {
  using Zero = decltype(&settings.actor.zero);
  return visit_settings(role, settings, [](auto& own) -> Zero {
    if constexpr (requires { own.zero; }) return &own.zero;
    return nullptr;
  });
}
// Whether its replicas share what the optimizer keeps.
inline bool shares_optimizer(Role role, const WorkerSettings& settings) {
  const bool* zero = zero_of(role, settings);
  return zero != nullptr && *zero;
}

}  // namespace ballast
