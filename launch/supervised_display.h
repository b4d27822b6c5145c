// What a person sees of a supervised run: a bar on a terminal, and a line now and then.
#pragma once
#include <cstdint>

#include "launch/progress.h"
#include "orchestrator/metrics.h"

namespace ballast {

class SupervisedDisplay {
 public:
  // A line every `print_every` steps, for the last step and for every evaluation.
  SupervisedDisplay(std::int64_t steps, std::int64_t print_every);

  // The figures of a step (train/...), or of an evaluation after it (eval/...).
  void show(std::int64_t step, const StepMetrics& figures);
  // Over the run so far.
  double seconds() const { return bar_.seconds(); }
  double tokens_per_second() const { return tokens_ / bar_.seconds(); }

 private:
  std::int64_t steps_;
  std::int64_t print_every_;
  double tokens_ = 0.0;
  Progress bar_;
};

}  // namespace ballast
