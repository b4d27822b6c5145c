#include "launch/train_config.h"

#include <fmt/format.h>

#include "launch/config_checks.h"
#include "launch/reward_checks.h"
#include "workers/role_settings.h"
#include "workers/starting_model.h"
#include "workers/vocabulary.h"

namespace ballast {
namespace {

void check_batch(const BatchConfig& batch, std::vector<std::string>& violations) {
  check_mini_batch(batch.mini_batch, batch.micro_batch, violations);
  if (batch.rollout % batch.mini_batch != 0) {
    violations.push_back(fmt::format("batch.rollout: found {}; it must be a multiple of batch.mini_batch ({})",
                                     batch.rollout, batch.mini_batch));
  }
  if (batch.rollout % batch.samples != 0) {
    violations.push_back(fmt::format("batch.rollout: found {}; it must be a multiple of batch.samples ({})",
                                     batch.rollout, batch.samples));
  }
}

void check_length(const TrainConfig& config, std::vector<std::string>& violations) {
  if (config.iterations.has_value() == config.epochs.has_value()) {
    violations.push_back(fmt::format("iterations: found {}; give one of them",
                                     config.epochs ? "both iterations and epochs" : "neither iterations nor epochs"));
  }
  if (config.epochs && !config.prompts.data) {
    violations.push_back("epochs: found it without prompts.data; random prompts have no end, give iterations");
  }
}

void check_rows(const TrainConfig& config, std::vector<std::string>& violations) {
  const auto max_length = config.loop.batch.max_length;
  check_prompts("prompts", config.prompts, max_length, violations);
  if (config.evaluation.prompts)
    check_prompts("evaluation.prompts", *config.evaluation.prompts, max_length, violations);
  check_dataset("ptx.data", config.ptx.data, violations);
  const bool reads =
      config.prompts.data || config.ptx.data.given() || (config.evaluation.prompts && config.evaluation.prompts->data);
  if (config.ptx.data.given() && !config.prompts.data) violations.push_back("ptx.data: found it without prompts.data");
  if (reads && !has_tokenizer(config.workers.actor.model)) {
    violations.push_back(
        "actor.model: found no tokenizer; prompts, ptx and evaluation from data are read with the actor's");
  }
}

// Of roles whose models can be read.
void check_cuts(const TrainConfig& config, std::vector<std::string>& violations) {
  for (const Role role : config.roles()) {
    const auto& model = starting_model(role, config.workers);
    if (!model.given()) continue;  // a rule
    check_shards(fmt::format("{}.tensor_parallel", to_string(role)), model, tensor_parallel_of(role, config.workers),
                 violations);
  }
}

}  // namespace

std::vector<Role> TrainConfig::roles() const {
  if (algorithm == Algorithm::ppo) return {Role::Actor, Role::Reference, Role::Reward, Role::RewardCritic};
  return {Role::Actor, Role::Reference, Role::Reward, Role::Cost, Role::RewardCritic, Role::CostCritic};
}

PlacementRequest TrainConfig::placement_request(int world_size) const {
  PlacementRequest request{.roles = roles(),
                           .shards = {},
                           .world_size = world_size,
                           .gradient_lanes = static_cast<int>(workers.gradient_lanes)};
  for (const Role role : request.roles) request.shards[role] = static_cast<int>(tensor_parallel_of(role, workers));
  return request;
}

std::vector<std::string> violations_of(const TrainConfig& config) {
  std::vector<std::string> violations;
  const auto& workers = config.workers;
  check_batch(config.loop.batch, violations);
  check_gradient_lanes(workers.gradient_lanes, violations);
  if (workers.generation.slots % GenerationConfig::rows_multiple != 0) {
    violations.push_back(fmt::format("generation.slots: found {}; it must be a multiple of {}",
                                     workers.generation.slots, GenerationConfig::rows_multiple));
  }
  check_length(config, violations);
  check_cluster(config.cluster, violations);
  check_rows(config, violations);
  const ModelCheck needed{.required = true, .max_length = config.loop.batch.max_length};
  const ModelCheck optional{.required = false, .max_length = config.loop.batch.max_length};
  const bool constrained = config.algorithm == Algorithm::ppo_lag;
  check_model("actor.model", workers.actor.model, needed, violations);
  check_model("reference.model", workers.reference.model, optional, violations);
  check_reward({.name = "reward", .settings = workers.reward, .critic = workers.reward_critic, .model = needed},
               workers, violations);
  check_reward({.name = "cost",
                .settings = workers.cost,
                .critic = workers.cost_critic,
                .model = constrained ? needed : optional},
               workers, violations);
  if (violations.empty()) check_cuts(config, violations);
  return violations;
}

}  // namespace ballast
