// AdamW (Loshchilov and Hutter 2019) over the flat storage of a model's parameters.
#pragma once
#include <torch/types.h>

#include <cstdint>
#include <stdexcept>

#include "workers/model/parameters.h"
#include "workers/training/optimizer_config.h"

namespace ballast {

// A gradient is NaN or infinite; the message names the first parameter where it is.
struct NonFiniteGradient : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class AdamW {
 public:
  // For `total_steps` steps of the schedule. `parameters` outlive the optimizer.
  AdamW(Parameters& parameters, const OptimizerConfig& config, std::int64_t total_steps);

  // One step of the values with the flat gradient, which it scales down to the largest norm that is allowed. Returns
  // the global norm before that. Throws NonFiniteGradient, and then changes nothing.
  double step();
  // Of the next step.
  double learning_rate() const;

 private:
  struct Range {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    double weight_decay = 0.0;
  };
  void update(const Range& range, double rate, const torch::Tensor& gradient_divisor);
  void require_finite(double norm) const;

  Parameters& parameters_;
  OptimizerConfig config_;
  ScheduleShape schedule_;
  std::int64_t steps_ = 0;
  torch::Tensor first_moment_, second_moment_;  // [trainable] float32
};

// Euclidean norm of a flat tensor: float64 sums over fixed blocks, so that it does not depend on the number of threads.
double global_norm(const torch::Tensor& flat);

}  // namespace ballast
