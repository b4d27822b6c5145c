// The examples of a supervised job, as its configuration names them.
#pragma once
#include <memory>

#include "launch/supervised_config.h"
#include "orchestrator/examples.h"

namespace ballast {

// `held_out` is empty when nothing is evaluated.
struct Lessons {
  std::unique_ptr<Examples> training;
  std::unique_ptr<Examples> held_out;
};

// Both throw UserError when there is nothing to learn, or a token that the model does not have.
Lessons read_texts(const SupervisedConfig& config);
// For a reward or a cost model (`role`).
Lessons read_pairs(const SupervisedConfig& config, Role role);

}  // namespace ballast
