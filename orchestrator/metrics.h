// The run's figures, made from what the ranks report. Means are float64 sums in row order, so they do not depend on
// placement.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "orchestrator/mini_batch.h"
#include "workers/commands.h"

namespace ballast {

using StepMetrics = std::map<std::string, double>;  // 'train/reward' -> value; the names are those of safe-rlhf

class Metrics {
 public:
  void take_in(const Command& command, const Event& event);

  // Whether every row of all the batch's micro-batches, so many, has that figure by now.
  bool complete(std::uint64_t batch, int micro_batches, const std::string& figure) const;
  // In row order. Throws std::out_of_range when it has not been reported.
  const std::vector<double>& rows(const BatchKey& key, const std::string& figure) const;
  // What is logged for a step, once all its commands are done.
  StepMetrics of(const TrainStep& step, bool constrained) const;
  // Of all responses of a batch whose lengths have been reported.
  double generated_tokens(std::uint64_t batch) const;
  void forget(std::uint64_t batch);

 private:
  struct Learned {
    std::map<int, std::map<std::string, double>> losses;  // by micro-batch
    std::map<std::string, double> scalars;
  };
  struct Part {
    std::uint64_t batch = 0;
    const std::vector<int>& micro_batches;
  };
  bool reported(const BatchKey& key, const std::string& figure) const;
  // Over the rows that have a response.
  double mean(const Part& part, const std::string& figure) const;
  double largest(const Part& part, const std::string& figure) const;

  std::map<BatchKey, std::map<std::string, std::vector<double>>> rows_;
  std::map<std::uint64_t, std::map<std::string, int>> reported_;  // by batch and figure: micro-batches
  std::map<std::int64_t, std::map<Role, Learned>> learned_;       // by step
};

}  // namespace ballast
