// What actor and critics share: gradients of a mini-batch, summed over micro-batches and replicas, into one optimizer
// step.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "workers/commands.h"
#include "workers/gradient_lanes.h"
#include "workers/model/parameters.h"
#include "workers/model/shards.h"
#include "workers/training/optimizer.h"

namespace ballast {

// How a role's replicas work together, and where this one computes.
struct Replicas {
  Communicator* communicator = nullptr;  // over the role's ranks; nullptr: one replica
  int lanes = 2;
  bool zero = false;  // each replica keeps the optimizer's state of its own part alone (ZeRO-1)
  std::chrono::milliseconds timeout{600000};
  ModelPlace place = {};

  int count() const { return communicator ? communicator->group().size() : 1; }
  int index() const { return communicator ? communicator->group().index : 0; }
};

class Learner {
 public:
  Learner(Parameters& parameters, const OptimizerConfig& config, std::int64_t training_steps, Replicas replicas);

  // The figures of one micro-batch's losses, already divided by the mini-batch's normaliser, after backward.
  using Figures = std::map<std::string, double>;
  // `backward(position)` runs forward and backward of micro_batches[position]; only this replica's are called.
  Event step(const std::vector<int>& micro_batches, const std::function<Figures(std::size_t position)>& backward);
  // The same for micro-batches 0 to count - 1.
  Event step(std::size_t count, const std::function<Figures(std::size_t micro_batch)>& backward);

 private:
  Replicas replicas_;
  AdamW optimizer_;
  GradientLanes lanes_;
};

}  // namespace ballast
