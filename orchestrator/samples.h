// A few rollouts of a run for people to read.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "orchestrator/metrics.h"
#include "orchestrator/prompts.h"

namespace ballast {

struct SamplesConfig {
  std::int64_t every = 10;
  std::int64_t rows = 4;

  template <typename Fields>
  void describe(Fields& field) {
    field("every", every, "iterations between samples, the first iteration included; 0: none").at_least(0);
    field("rows", rows, "rows of the rollout's first micro-batch that are written").at_least(1);
  }

  // How many rows of the iteration, counted from 0, are asked for.
  std::int64_t rows_of(std::int64_t iteration) const { return every > 0 && iteration % every == 0 ? rows : 0; }
};

struct Sample {
  std::int64_t iteration = 0;
  std::int64_t row_id = 0;
  TokenIds prompt;
  TokenIds response;
  double reward = 0.0;
  std::optional<double> cost;  // none without a constraint
};

// Keeps the responses that Generate reports until their scores are known.
class Samples {
 public:
  explicit Samples(std::function<void(const Sample&)> write) : write_(std::move(write)) {}

  void take_in(const Command& command, const Event& event);
  // Writes what has come in of the batch, whose rewards and costs are complete.
  void write(std::uint64_t batch, const Metrics& metrics, bool constrained);

 private:
  struct Waiting {
    BatchKey key;
    std::size_t row = 0;  // in the micro-batch
    Sample sample;
  };
  std::function<void(const Sample&)> write_;
  std::vector<Waiting> waiting_;
};

}  // namespace ballast
