// Repeated measurements of one thing.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

namespace ballast {

// Seconds of each repetition, at least one.
struct Timing {
  std::vector<double> seconds;

  double minimum() const;
  double median() const;
};

double median_of(std::vector<double> values);
double seconds_of(const std::function<void()>& work);
// Runs `work` once before it counts.
Timing measure(std::int64_t repeats, const std::function<void()>& work);

}  // namespace ballast
