// What a configuration asks of its ranks, as the cost model wants to know it.
#pragma once
#include <optional>

#include "launch/supervised_config.h"
#include "launch/train_config.h"
#include "orchestrator/cluster.h"
#include "orchestrator/cost_model.h"

namespace ballast {

// What a plan supposes of the texts. Every row is alike; left out: prompts as the configuration's random ones, else a
// quarter of batch.max_length; responses as long as there is room and sampling.max_new_tokens allows.
struct PlannedLengths {
  std::optional<std::int64_t> prompt;
  std::optional<std::int64_t> response;
};

// Reads the models' config.json. Throws ModelError, or UserError where the lengths do not fit into batch.max_length.
Workload workload_of(const TrainConfig& config, const PlannedLengths& lengths, const Cluster& cluster);
// Of a job with this one role. A row is a text, or one side of a pair, of `lengths.response` tokens; left out: as the
// configuration's random ones, else batch.max_length.
Workload workload_of(const SupervisedConfig& config, Role role, const PlannedLengths& lengths, const Cluster& cluster);

}  // namespace ballast
