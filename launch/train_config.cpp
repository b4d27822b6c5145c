#include "launch/train_config.h"

#include <fmt/format.h>

#include "launch/config_checks.h"

namespace ballast {
namespace {

using Violations = std::vector<std::string>;

void check_batch(const BatchConfig& batch, Violations& violations) {
  if (batch.mini_batch % batch.micro_batch != 0) {
    violations.push_back(fmt::format("batch.mini_batch: found {}; it must be a multiple of batch.micro_batch ({})",
                                     batch.mini_batch, batch.micro_batch));
  }
  if (batch.rollout % batch.mini_batch != 0) {
    violations.push_back(fmt::format("batch.rollout: found {}; it must be a multiple of batch.mini_batch ({})",
                                     batch.rollout, batch.mini_batch));
  }
}

}  // namespace

std::vector<Role> TrainConfig::roles() const {
  if (algorithm == Algorithm::ppo) return {Role::Actor, Role::Reference, Role::Reward, Role::RewardCritic};
  return {Role::Actor, Role::Reference, Role::Reward, Role::Cost, Role::RewardCritic, Role::CostCritic};
}

std::vector<std::string> violations_of(const TrainConfig& config) {
  Violations violations;
  const auto& workers = config.workers;
  check_batch(config.loop.batch, violations);
  check_gradient_lanes(workers.gradient_lanes, violations);
  if (workers.generation.slots % GenerationConfig::rows_multiple != 0) {
    violations.push_back(fmt::format("generation.slots: found {}; it must be a multiple of {}",
                                     workers.generation.slots, GenerationConfig::rows_multiple));
  }
  const auto& random = config.prompts.random;
  if (random.min_length > random.max_length) {
    violations.push_back(fmt::format("prompts.random.min_length: found {}; at most max_length ({})", random.min_length,
                                     random.max_length));
  }
  if (random.max_length >= config.loop.batch.max_length) {
    violations.push_back(
        fmt::format("prompts.random.max_length: found {}; it must leave room for a response within "
                    "batch.max_length ({})",
                    random.max_length, config.loop.batch.max_length));
  }
  const ModelCheck needed{.required = true, .max_length = config.loop.batch.max_length};
  const ModelCheck optional{.required = false, .max_length = config.loop.batch.max_length};
  const bool constrained = config.algorithm == Algorithm::ppo_lag;
  check_model("actor.model", workers.actor.model, needed, violations);
  check_model("reference.model", workers.reference.model, optional, violations);
  check_model("reward.model", workers.reward.model, needed, violations);
  check_model("cost.model", workers.cost.model, constrained ? needed : optional, violations);
  check_model("reward_critic.model", workers.reward_critic.model, optional, violations);
  check_model("cost_critic.model", workers.cost_critic.model, optional, violations);
  return violations;
}

}  // namespace ballast
