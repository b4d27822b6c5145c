#include "workers/learner.h"

#include <numeric>

namespace ballast {

Learner::Learner(Parameters& parameters, const OptimizerConfig& config, std::int64_t training_steps, Replicas replicas)
    : replicas_(replicas),
      optimizer_(parameters, config, training_steps),
      lanes_(parameters.flat_gradient(), replicas.lanes, replicas.communicator) {}

Event Learner::step(const std::vector<int>& micro_batches,
                    const std::function<Figures(std::size_t position)>& backward) {
  Event event;
  for (std::size_t position = 0; position < micro_batches.size(); ++position) {
    const int micro_batch = micro_batches[position];
    if (micro_batch % replicas_.count() != replicas_.index()) continue;
    event.micro_batches.ids.push_back(micro_batch);
    lanes_.begin(micro_batch);
    for (const auto& [name, value] : backward(position)) event.micro_batches.values[name].push_back(value);
  }
  lanes_.reduce(replicas_.timeout);
  event.scalars["lr"] = optimizer_.learning_rate();
  event.scalars["grad_norm"] = optimizer_.step();
  return event;
}

Event Learner::step(std::size_t count, const std::function<Figures(std::size_t micro_batch)>& backward) {
  std::vector<int> micro_batches(count);
  std::iota(micro_batches.begin(), micro_batches.end(), 0);
  return step(micro_batches, backward);
}

}  // namespace ballast
