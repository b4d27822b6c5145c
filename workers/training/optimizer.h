// AdamW (Loshchilov and Hutter 2019) over the flat storage of a model's parameters.
#pragma once
#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "workers/model/parameters.h"
#include "workers/training/gradient_norm.h"
#include "workers/training/optimizer_config.h"

namespace ballast {

class AdamW {
 public:
  // For `total_steps` steps of the schedule. `parameters` outlive the optimizer, which has moments of their own pieces.
  AdamW(Parameters& parameters, const OptimizerConfig& config, std::int64_t total_steps);

  // One step of the values with the flat gradient, which it scales down to the largest norm that is allowed. Returns
  // the global norm before that. Throws NonFiniteGradient, and then changes nothing. Under ZeRO-1 all replicas call it,
  // each with the whole sum in its own pieces of the gradient; afterwards layers compute with the same on all of them.
  double step();
  // Of the next step.
  double learning_rate() const;

  // Of the moments in memory.
  std::int64_t bytes() const;

 private:
  struct Moments {
    torch::Tensor first, second;  // float32, of one own piece
  };
  struct Step {
    double rate = 0.0;
    torch::Tensor count, gradient_divisor;  // []
  };
  void update(std::size_t piece, const Step& step);

  Parameters& parameters_;
  OptimizerConfig config_;
  ScheduleShape schedule_;
  std::int64_t steps_ = 0;
  std::vector<Moments> moments_;  // by own piece
};

}  // namespace ballast
