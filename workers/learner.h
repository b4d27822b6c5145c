// What actor and critics share: gradients of a mini-batch, summed over micro-batches and replicas, into one optimizer
// step.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "workers/commands.h"
#include "workers/gradient_sum.h"
#include "workers/model/parameters.h"
#include "workers/replicas.h"
#include "workers/training/optimizer.h"

namespace ballast {

class Learner {
 public:
  // `parameters` lie where `replicas` say.
  Learner(Parameters& parameters, const OptimizerConfig& config, std::int64_t training_steps, Replicas replicas);

  // The figures of one micro-batch's losses, already divided by the mini-batch's normaliser, after backward.
  using Figures = std::map<std::string, double>;
  // `backward(position)` runs forward and backward of micro_batches[position]; only this replica's are called.
  Event step(const std::vector<int>& micro_batches, const std::function<Figures(std::size_t position)>& backward);
  // The same for micro-batches 0 to count - 1.
  Event step(std::size_t count, const std::function<Figures(std::size_t micro_batch)>& backward);

  // Whether this replica has part in saving: the first has, or all that hold the values together (ZeRO-1).
  bool saves() const { return replicas_.zero || replicas_.index() == 0; }

 private:
  Replicas replicas_;
  AdamW optimizer_;
  GradientSum gradient_;
};

}  // namespace ballast
