#include "orchestrator/phase_times.h"

#include <algorithm>
#include <string>

namespace ballast {
namespace {

double seconds_in(const std::vector<Span>& spans, std::string_view phase) {
  double seconds = 0.0;
  for (const auto& span : spans) {
    if (span.phase == phase) seconds += span.seconds();
  }
  return seconds;
}

}  // namespace

StepMetrics phase_times(const TimelinePart& part, const Placement& placement) {
  const double seconds = part.end - part.begin;
  const double rank_seconds = seconds * static_cast<double>(part.ranks.size());
  StepMetrics figures{{"time/iteration", seconds}, {"store_bytes_peak", static_cast<double>(part.store_bytes_peak)}};
  // Adds up what the ranks spent on the phase; returns the most that one of them did.
  const auto add_share = [&](const std::string& phase) {
    double busiest = 0.0;
    for (const auto& [rank, spans] : part.ranks) {
      const double spent = seconds_in(spans, phase);
      busiest = std::max(busiest, spent);
      figures["share/" + phase] += spent / rank_seconds;
    }
    return busiest;
  };
  for (const std::string phase : iteration_phases) figures["time/" + phase] = add_share(phase);
  add_share(std::string(idle_phase));
  for (const auto& [role, layout] : placement) {
    auto& idle = figures["idle/" + std::string(to_string(role))];
    for (const int rank : layout.ranks()) {
      idle += seconds_in(part.ranks.at(rank), idle_phase) / seconds / static_cast<double>(layout.ranks().size());
    }
  }
  for (const auto name : traffic_kinds) {
    if (name == "saving") continue;
    const std::string kind(name);
    const auto entry = part.moved.find(kind);
    figures["bytes/" + kind] = entry == part.moved.end() ? 0.0 : static_cast<double>(entry->second);
  }
  return figures;
}

}  // namespace ballast
