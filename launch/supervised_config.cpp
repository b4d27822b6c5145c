#include "launch/supervised_config.h"

#include <fmt/format.h>

#include "launch/config_checks.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

using Violations = std::vector<std::string>;

void check_random(const RandomExamplesConfig& random, const SupervisedConfig& config, Violations& violations) {
  if (random.min_length > random.max_length) {
    violations.push_back(fmt::format("examples.random.min_length: found {}; at most max_length ({})", random.min_length,
                                     random.max_length));
  }
  if (random.max_length > config.batch.max_length) {
    violations.push_back(fmt::format("examples.random.max_length: found {}; at most batch.max_length ({})",
                                     random.max_length, config.batch.max_length));
  }
}

}  // namespace

SupervisedLoopConfig SupervisedConfig::loop() const {
  return {.epochs = epochs,
          .iterations = iterations,
          .batch = batch,
          .evaluate_every = evaluation.every,
          .seed = workers.seed};
}

SftConfig::SftConfig() { workers.supervised.optimizer = {.learning_rate = 2e-5, .schedule = LrSchedule::Cosine}; }

PreferenceConfig::PreferenceConfig() {
  epochs = 2;
  batch = {.mini_batch = 16, .micro_batch = 16};
  workers.supervised.optimizer = {.learning_rate = 2e-5, .weight_decay = 0.1, .schedule = LrSchedule::Cosine};
}

std::vector<std::string> violations_of(const SupervisedConfig& config) {
  Violations violations;
  const auto& batch = config.batch;
  if (batch.mini_batch % batch.micro_batch != 0) {
    violations.push_back(fmt::format("batch.mini_batch: found {}; it must be a multiple of batch.micro_batch ({})",
                                     batch.mini_batch, batch.micro_batch));
  }
  check_gradient_lanes(config.workers.gradient_lanes, violations);
  check_model("model", config.workers.supervised.model, {.required = true, .max_length = batch.max_length}, violations);
  if (config.examples.random) {
    check_random(*config.examples.random, config, violations);
  } else {
    violations.push_back("examples: found nothing to learn; give random");
  }
  return violations;
}

}  // namespace ballast
