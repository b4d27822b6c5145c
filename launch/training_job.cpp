#include "launch/training_job.h"

#include <stdexcept>

#include "launch/ppo_job.h"
#include "launch/supervised_job.h"

namespace ballast {
namespace {

Algorithm algorithm_of(const YamlText& yaml, const std::vector<std::string>& overrides) {
  Violations violations;
  const SettingsNode tree = parse_config_tree(yaml, overrides, violations);
  Algorithm algorithm = JobConfig{}.algorithm;
  if (const auto* node = tree.find("algorithm")) read_setting({*node, "algorithm", violations}, algorithm);
  violations.throw_if_any();
  return algorithm;
}

}  // namespace

std::unique_ptr<TrainingJob> read_training_job(const YamlText& yaml, const std::vector<std::string>& overrides) {
  switch (algorithm_of(yaml, overrides)) {
    case Algorithm::ppo_lag:
    case Algorithm::ppo:
      return make_ppo_job(parse_config<TrainConfig>(yaml, overrides));
    case Algorithm::sft:
      return make_sft_job(parse_config<SftConfig>(yaml, overrides));
    case Algorithm::reward:
    case Algorithm::cost:
      return make_preference_job(parse_config<PreferenceConfig>(yaml, overrides));
  }
  throw std::logic_error("an algorithm without a job");
}

}  // namespace ballast
