// Settings of an optimizer. No torch.
#pragma once
#include "workers/training/schedule.h"

namespace ballast {

// Defaults: the reference implementation's critics; its actor has learning rate 1e-5, cosine and weight decay 0.01.
struct OptimizerConfig {
  double learning_rate = 5e-6;
  double weight_decay = 0.0;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  LrSchedule schedule = LrSchedule::Constant;
  double warmup_ratio = 0.03;
  double max_grad_norm = 1.0;

  template <typename Fields>
  void describe(Fields& field) {
    field("learning_rate", learning_rate, "at its highest").at_least(0.0);
    field("weight_decay", weight_decay, "decoupled; biases and layer norms have none").at_least(0.0);
    field("beta1", beta1, "decay of the first moment").at_least(0.0).below(1.0);
    field("beta2", beta2, "decay of the second moment").at_least(0.0).below(1.0);
    field("epsilon", epsilon, "added to the root of the second moment").above(0.0);
    field("schedule", schedule, "how the learning rate runs over the training; constant does not warm up");
    field("warmup_ratio", warmup_ratio, "share of the steps over which the learning rate rises")
        .at_least(0.0)
        .below(1.0);
    field("max_grad_norm", max_grad_norm, "gradients are scaled down to this global norm").above(0.0);
  }
};

}  // namespace ballast
