#include "launch/reward_checks.h"

#include <fmt/format.h>

#include "launch/config_file.h"
#include "workers/vocabulary.h"

namespace ballast {
namespace {

void check_rule(const RewardCheck& check, const ModelSource& actor, std::vector<std::string>& violations) {
  if (check.settings.model.given()) {
    violations.push_back(fmt::format("{}: found both model and rule; give one of them", check.name));
  }
  if (!make_rule(*check.settings.rule_content)) {
    violations.push_back(fmt::format("{}.rule: found no rule; allowed: word_rule", check.name));
  }
  if (!has_tokenizer(actor)) {
    violations.push_back(
        fmt::format("{}.rule: a rule reads text; the actor needs a tokenizer (in its folder, or actor.model.tokenizer)",
                    check.name));
  }
  if (check.settings.tensor_parallel > 1) {
    violations.push_back(fmt::format("{}.tensor_parallel: found {}; a rule has no model to cut, allowed is 1",
                                     check.name, check.settings.tensor_parallel));
  }
  if (!check.critic.model.given()) {
    violations.push_back(fmt::format("{0}_critic.model: no model; a {0} by rule has none to start from", check.name));
  }
}

// The vocabularies of the scoring model and of the critic, which works on the actor's tokens.
void check_vocabularies(const RewardCheck& check, const ModelSource& actor, std::vector<std::string>& violations) {
  const auto& model = check.settings.model;
  const auto& critic = check.critic.model;
  if (model.given()) {
    const bool shared = share_vocabulary(model, actor);
    if (!shared && !critic.given()) {
      violations.push_back(
          fmt::format("{0}_critic.model: no model; {0}.model has another tokenizer than the actor, its critic must "
                      "have the actor's",
                      check.name));
    }
  }
  if (critic.given() && !share_vocabulary(critic, actor)) {
    violations.push_back(
        fmt::format("{}_critic.model: found another tokenizer than the actor's; allowed: the same", check.name));
  }
}

}  // namespace

void read_rule(ScorerSettings& settings) {
  if (settings.rule && !settings.rule_content) settings.rule_content = read_config<RuleConfig>(*settings.rule);
}

void check_reward(const RewardCheck& check, const WorkerSettings& workers, std::vector<std::string>& violations) {
  const auto& actor = workers.actor.model;
  if (check.settings.rule_content) {
    check_rule(check, actor, violations);
  } else {
    check_model(check.name + ".model", check.settings.model, check.model, violations);
  }
  check_model(check.name + "_critic.model", check.critic.model,
              {.required = false, .max_length = check.model.max_length}, violations);
  if (!violations.empty()) return;  // vocabularies can be asked only of models that can be read
  try {
    check_vocabularies(check, actor, violations);
  } catch (const UserError& error) {
    violations.push_back(fmt::format("{}: {}", check.name, error.what()));
  }
}

}  // namespace ballast
