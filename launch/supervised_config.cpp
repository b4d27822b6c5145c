#include "launch/supervised_config.h"

#include <fmt/format.h>

#include "launch/config_checks.h"
#include "workers/data/tokenizer_folder.h"

namespace ballast {
namespace {

void check_random(const RandomExamplesConfig& random, const SupervisedConfig& config,
                  std::vector<std::string>& violations) {
  check_lengths("examples.random", random.min_length, random.max_length, violations);
  if (random.max_length > config.batch.max_length) {
    violations.push_back(fmt::format("examples.random.max_length: found {}; at most batch.max_length ({})",
                                     random.max_length, config.batch.max_length));
  }
}

void check_examples(const SupervisedConfig& config, std::vector<std::string>& violations) {
  const auto& examples = config.examples;
  const auto& model = config.workers.supervised.model;
  if (examples.random.has_value() == examples.data.given()) {
    violations.push_back("examples: found neither or both of data and random; give one of them");
  }
  check_dataset("examples.data", examples.data, violations);
  check_dataset("evaluation.data", config.evaluation.data, violations);
  if (examples.random) check_random(*examples.random, config, violations);
  if (config.evaluation.data.given() && config.evaluation.share > 0.0) {
    violations.push_back("evaluation: found both data and share; give one of them");
  }
  if (config.evaluation.data.given() && examples.random) {
    violations.push_back("evaluation.data: found it beside examples.random; give evaluation.share");
  }
  if (!examples.data.given() || !model.given()) return;
  if (!model.tokenizer_folder()) {
    violations.push_back("model.tokenizer: found none; a random model needs one to read examples.data");
  } else if (!has_tokenizer(*model.tokenizer_folder())) {
    violations.push_back(fmt::format("model: found no tokenizer in {}; give model.tokenizer (a folder)",
                                     model.tokenizer_folder()->string()));
  }
}

}  // namespace

SupervisedLoopConfig SupervisedConfig::loop() const {
  return {.epochs = epochs,
          .iterations = iterations,
          .batch = batch,
          .evaluate_every = evaluation.every,
          .seed = workers.seed,
          .gradient_lanes = workers.gradient_lanes};
}

SftConfig::SftConfig() { workers.supervised.optimizer = {.learning_rate = 2e-5, .schedule = LrSchedule::Cosine}; }

PreferenceConfig::PreferenceConfig() {
  epochs = 2;
  batch = {.mini_batch = 16, .micro_batch = 16};
  workers.supervised.optimizer = {.learning_rate = 2e-5, .weight_decay = 0.1, .schedule = LrSchedule::Cosine};
}

std::vector<std::string> violations_of(const SupervisedConfig& config) {
  std::vector<std::string> violations;
  const auto& batch = config.batch;
  if (!batch.tokens_per_micro_batch) check_mini_batch(batch.mini_batch, batch.micro_batch, violations);
  check_gradient_lanes(config.workers.gradient_lanes, violations);
  check_model("model", config.workers.supervised.model, {.required = true, .max_length = batch.max_length}, violations);
  check_examples(config, violations);
  if (violations.empty())
    check_shards("tensor_parallel", config.workers.supervised.model, config.workers.supervised.tensor_parallel,
                 violations);
  return violations;
}

}  // namespace ballast
