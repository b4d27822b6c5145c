// Where the time of an iteration goes, and how full the batch stores get: from the ranks' events.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "orchestrator/metrics.h"

namespace ballast {

// Kinds of commands that an iteration's time goes into.
inline constexpr std::array iteration_phases{"generate", "score", "experience", "learn", "transfer"};

class PhaseTimes {
 public:
  void take_in(const Command& command, int rank, const Event& event);

  // Since the last call, or since the start:
  //   time/iteration   seconds on the wall
  //   time/PHASE       for each of iteration_phases: the longest that a rank spent on such commands; phases overlap,
  //                    on different ranks
  //   store_bytes_peak largest batch store of a rank
  StepMetrics take();

 private:
  using Clock = std::chrono::steady_clock;

  std::map<std::string, std::map<int, double>> seconds_;  // by phase and rank
  std::int64_t store_bytes_peak_ = 0;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace ballast
