#include "algorithms/rewards/registry.h"

namespace ballast {

std::unique_ptr<RewardFunction> make_rule(const RuleConfig& config) {
  if (config.word_rule) return std::make_unique<WordRule>(*config.word_rule);
  return nullptr;
}

}  // namespace ballast
