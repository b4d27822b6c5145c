#include "orchestrator/phase_times.h"

#include <algorithm>
#include <utility>

namespace ballast {
namespace {

struct PhaseOf {
  const char* operator()(const Generate&) const { return "generate"; }
  const char* operator()(const Score&) const { return "score"; }
  const char* operator()(const BuildExperience&) const { return "experience"; }
  const char* operator()(const Learn&) const { return "learn"; }
  const char* operator()(const Transfer&) const { return "transfer"; }
  template <typename Other>
  const char* operator()(const Other&) const {
    return nullptr;
  }
};

}  // namespace

void PhaseTimes::take_in(const Command& command, int rank, const Event& event) {
  if (const char* phase = std::visit(PhaseOf{}, command.body)) seconds_[phase][rank] += event.seconds;
  store_bytes_peak_ = std::max(store_bytes_peak_, event.store_bytes);
}

StepMetrics PhaseTimes::take() {
  const auto now = Clock::now();
  StepMetrics figures{{"time/iteration", std::chrono::duration<double>(now - std::exchange(begin_, now)).count()},
                      {"store_bytes_peak", static_cast<double>(std::exchange(store_bytes_peak_, 0))}};
  for (const std::string phase : iteration_phases) {
    double busiest = 0.0;
    for (const auto& [rank, seconds] : seconds_[phase]) busiest = std::max(busiest, seconds);
    figures["time/" + phase] = busiest;
  }
  seconds_.clear();
  return figures;
}

}  // namespace ballast
