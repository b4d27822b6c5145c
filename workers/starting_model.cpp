#include "workers/starting_model.h"

#include <stdexcept>

namespace ballast {
namespace {

const ModelSource& or_else(const ModelSource& own, const ModelSource& other) { return own.given() ? own : other; }

}  // namespace

const ModelSource& starting_model(Role role, const WorkerSettings& settings) {
  switch (role) {
    case Role::Actor:
      return settings.actor.model;
    case Role::Reference:
      return or_else(settings.reference.model, settings.actor.model);
    case Role::Reward:
      return settings.reward.model;
    case Role::Cost:
      return settings.cost.model;
    case Role::RewardCritic:
      return or_else(settings.reward_critic.model, settings.reward.model);
    case Role::CostCritic:
      return or_else(settings.cost_critic.model, settings.cost.model);
  }
  throw std::logic_error("a role without a model");
}

}  // namespace ballast
