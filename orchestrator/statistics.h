// Statistics of figures by row: float64 sums in row order, so that they do not depend on placement.
#pragma once
#include <vector>

namespace ballast {

double sum(const std::vector<double>& values);
double mean(const std::vector<double>& values);
// Sum of (x - mean)^2.
double squared_deviations(const std::vector<double>& values);

}  // namespace ballast
