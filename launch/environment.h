// What the process is told by its surroundings rather than by its configuration. The one place that reads environment
// variables.
#pragma once
#include <optional>

namespace ballast {

// OMP_NUM_THREADS, the threads of each rank; nothing when it is not set. Throws ConfigError unless it is a whole number
// of at least 1.
std::optional<int> omp_num_threads();

// Whether a person is likely to watch standard output: a terminal that can move its cursor (TERM is not 'dumb').
bool output_is_terminal();

}  // namespace ballast
