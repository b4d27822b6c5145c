#include "orchestrator/statistics.h"

#include <numeric>

namespace ballast {

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

double mean(const std::vector<double>& values) { return sum(values) / static_cast<double>(values.size()); }

double squared_deviations(const std::vector<double>& values) {
  const double center = mean(values);
  double squares = 0.0;
  for (const double value : values) squares += (value - center) * (value - center);
  return squares;
}

}  // namespace ballast
