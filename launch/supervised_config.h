// Everything `ballast train -c FILE` reads for sft, reward and cost. Defaults are those of the reference
// implementation's scripts.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "launch/job_config.h"
#include "orchestrator/random_examples.h"
#include "orchestrator/supervised_loop.h"
#include "workers/data/dataset_config.h"

namespace ballast {

// One of the two.
struct ExamplesConfig {
  DatasetConfig data;
  std::optional<RandomExamplesConfig> random;

  template <typename Fields>
  void describe(Fields& field) {
    field("data", data, "JSON rows, read with the model's tokenizer");
    field("random", random, "examples made of nothing, for smoke runs");
  }
};

struct EvaluationConfig {
  DatasetConfig data;
  double share = 0.0;
  std::int64_t every = 0;

  template <typename Fields>
  void describe(Fields& field) {
    field("data", data, "examples that are only evaluated");
    field("share", share, "of the examples that is held out, drawn by the seed, where there is no data for it")
        .at_least(0.0)
        .below(1.0);
    field("every", every, "optimizer steps between evaluations; 0: at the end alone").at_least(0);
  }
};

// What sft, reward and cost share.
struct SupervisedConfig : JobConfig {
  ExamplesConfig examples;
  EvaluationConfig evaluation;
  std::int64_t epochs = 3;
  std::optional<std::int64_t> iterations;
  SupervisedBatchConfig batch;
  std::int64_t print_every = 10;

  template <typename Fields>
  void describe_training(Fields& field) {
    field("epochs", epochs, "passes over the examples, each in a new order").at_least(1);
    field("iterations", iterations, "optimizer steps, instead of epochs").at_least(1);
    field("model", workers.supervised.model, "where the weights come from");
    field("optimizer", workers.supervised.optimizer, "AdamW and its schedule");
    describe_shards(field, workers.supervised.tensor_parallel);
    describe_zero(field, workers.supervised.zero);
    field("examples", examples, "what is learned");
    field("evaluation", evaluation, "on examples that are held out");
    field("batch", batch, "how the examples are cut");
    field("print_every", print_every, "optimizer steps between two printed lines").at_least(1);
  }

  SupervisedLoopConfig loop() const;
};

struct SftConfig : SupervisedConfig {
  SftConfig();

  template <typename Fields>
  void describe(Fields& field) {
    describe_run(field);
    describe_training(field);
    describe_ranks(field);
  }
};

// Of reward and cost.
struct PreferenceConfig : SupervisedConfig {
  PreferenceConfig();

  template <typename Fields>
  void describe(Fields& field) {
    describe_run(field);
    describe_training(field);
    field("loss", workers.supervised.loss, "how a pair is judged");
    field("normalizer", workers.supervised.normalizer, "statistics of the scores, for those who use the model");
    describe_ranks(field);
  }
};

// What a single field cannot show: every violation as 'field: found; allowed'.
std::vector<std::string> violations_of(const SupervisedConfig& config);

}  // namespace ballast
