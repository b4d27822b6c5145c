// Rewards and costs in a configuration: a model or a rule, and whether their tokenizers and critics go with the actor.
#pragma once
#include <string>
#include <vector>

#include "launch/config_checks.h"

namespace ballast {

// Reads the file of a rule into `rule_content`, unless that is given. Throws ConfigError.
void read_rule(ScorerSettings& settings);

// A reward or cost and the critic that goes with it.
struct RewardCheck {
  std::string name;  // reward, cost
  const ScorerSettings& settings;
  const TrainedRoleSettings& critic;
  ModelCheck model;
};
void check_reward(const RewardCheck& check, const WorkerSettings& workers, std::vector<std::string>& violations);

}  // namespace ballast
