// What a rank must know of the configuration to play its roles. Defaults are those of the reference implementation's
// PPO-Lag script.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "algorithms/ppo_lag.h"
#include "algorithms/preference_loss.h"
#include "algorithms/rewards/registry.h"
#include "workers/device_choice.h"
#include "workers/generation/generation_config.h"
#include "workers/generation/sampling.h"
#include "workers/model/model_source.h"
#include "workers/training/optimizer_config.h"

namespace ballast {

inline constexpr std::int64_t most_shards = 1024;

// The `tensor_parallel` of every role.
template <typename Fields>
void describe_shards(Fields& field, std::int64_t& tensor_parallel) {
  field("tensor_parallel", tensor_parallel, "ranks that share one model, each with a slice of it")
      .at_least(1)
      .at_most(most_shards);
}
// The `zero` of every role that learns.
template <typename Fields>
void describe_zero(Fields& field, bool& zero) {
  field("zero", zero, "each replica keeps only its part of the optimizer's state and float32 weights (ZeRO-1)");
}

struct FrozenRoleSettings {
  ModelSource model;
  std::int64_t tensor_parallel = 1;

  template <typename Fields>
  void describe(Fields& field) {
    field("model", model, "where the weights come from");
    describe_shards(field, tensor_parallel);
  }
};

// A reward or cost, by a model or by a rule.
struct ScorerSettings {
  ModelSource model;
  std::optional<std::filesystem::path> rule;
  std::optional<RuleConfig> rule_content;
  bool normalize = false;
  std::int64_t tensor_parallel = 1;

  template <typename Fields>
  void describe(Fields& field) {
    field("model", model, "where the weights come from");
    field("rule", rule, "file of a rule that scores the text, instead of a model");
    field("rule_content", rule_content, "what that file says; given here, no file is read");
    field("normalize", normalize, "scores are normalised by the statistics in the checkpoint");
    describe_shards(field, tensor_parallel);
  }
};

struct TrainedRoleSettings {
  ModelSource model;
  OptimizerConfig optimizer;
  std::int64_t tensor_parallel = 1;
  bool zero = false;

  template <typename Fields>
  void describe(Fields& field) {
    field("model", model, "where the weights come from");
    field("optimizer", optimizer, "AdamW and its schedule");
    describe_shards(field, tensor_parallel);
    describe_zero(field, zero);
  }
};

struct NormalizerSettings {
  std::optional<NormalizerType> type = NormalizerType::ExponentialMovingAverage;
  double momentum = 0.9;

  template <typename Fields>
  void describe(Fields& field) {
    field("type", type, "how the statistics that the model is saved with follow its end scores; null: not at all");
    field("momentum", momentum, "what the old statistics count at each step of ExponentialMovingAverage")
        .at_least(0.0)
        .below(1.0);
  }
};

// The one role of a supervised job: it learns from given examples.
struct SupervisedSettings {
  ModelSource model;
  OptimizerConfig optimizer;
  std::int64_t tensor_parallel = 1;
  bool zero = false;
  PreferenceLossConfig loss;  // this and the next: of reward and cost models
  NormalizerSettings normalizer;
};

struct WorkerSettings {
  TrainedRoleSettings actor{.model = {},
                            .optimizer = {.learning_rate = 1e-5, .weight_decay = 0.01, .schedule = LrSchedule::Cosine}};
  FrozenRoleSettings reference;  // empty: the actor as it starts
  ScorerSettings reward;
  ScorerSettings cost;
  TrainedRoleSettings reward_critic{};  // empty model: starts as the reward model
  TrainedRoleSettings cost_critic{};    // empty model: starts as the cost model
  SupervisedSettings supervised;
  PpoConfig ppo;
  SamplingConfig sampling;
  GenerationConfig generation;
  std::int64_t seed = 42;
  std::int64_t gradient_lanes = 2;
  DeviceChoice device = DeviceChoice::Auto;
  double transfer_timeout_s = 600.0;

  std::chrono::milliseconds transfer_timeout() const {
    return std::chrono::milliseconds(static_cast<std::int64_t>(transfer_timeout_s * 1000.0));
  }
};

}  // namespace ballast
