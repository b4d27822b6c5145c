#include "workers/learner.h"

#include <numeric>

namespace ballast {

Learner::Learner(Parameters& parameters, const OptimizerConfig& config, std::int64_t training_steps, Replicas replicas)
    : replicas_(replicas), optimizer_(parameters, config, training_steps), gradient_(parameters, replicas) {}

Event Learner::step(const std::vector<int>& micro_batches,
                    const std::function<Figures(std::size_t position)>& backward) {
  std::vector<std::size_t> own;  // positions
  for (std::size_t position = 0; position < micro_batches.size(); ++position)
    if (micro_batches[position] % replicas_.count() == replicas_.index()) own.push_back(position);
  Event event;
  for (const std::size_t position : own) {
    event.micro_batches.ids.push_back(micro_batches[position]);
    gradient_.begin(micro_batches[position], position == own.back());
    for (const auto& [name, value] : backward(position)) event.micro_batches.values[name].push_back(value);
  }
  gradient_.finish();
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
