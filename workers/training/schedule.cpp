#include "workers/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ballast {

double learning_rate_factor(const ScheduleShape& shape, std::int64_t step) {
  if (shape.schedule == LrSchedule::Constant) return 1.0;
  const auto now = static_cast<double>(step);
  const auto warmup = static_cast<double>(shape.warmup_steps);
  if (now < warmup) return now / std::max(1.0, warmup);
  const double progress = (now - warmup) / std::max(1.0, static_cast<double>(shape.total_steps) - warmup);
  switch (shape.schedule) {
    case LrSchedule::Linear:
      return std::max(0.0, 1.0 - progress);
    case LrSchedule::Cosine:
      return std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
    default:
      return 1.0;
  }
}

}  // namespace ballast
