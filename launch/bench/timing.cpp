#include "launch/bench/timing.h"

#include <algorithm>

#include "workers/commands.h"

namespace ballast {

double Timing::minimum() const { return std::ranges::min(seconds); }
double Timing::median() const { return median_of(seconds); }

double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2.0;
}

double seconds_of(const std::function<void()>& work) {
  const double begin = steady_seconds();
  work();
  return steady_seconds() - begin;
}

Timing measure(std::int64_t repeats, const std::function<void()>& work) {
  work();
  Timing timing;
  for (std::int64_t i = 0; i < repeats; ++i) timing.seconds.push_back(seconds_of(work));
  return timing;
}

}  // namespace ballast
