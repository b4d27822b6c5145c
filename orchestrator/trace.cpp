#include "orchestrator/trace.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace ballast {
namespace {

// Tracks: the orchestrator's first, then one for each rank.
constexpr int orchestrator_track = 0;
int track_of(int rank) { return rank + 1; }

std::map<int, std::vector<std::string_view>> roles_by_rank(const Placement& placement) {
  std::map<int, std::vector<std::string_view>> roles;
  for (const auto& [role, layout] : placement) {
    for (const int rank : layout.ranks()) roles[rank].push_back(to_string(role));
  }
  return roles;
}

nlohmann::json name_event(int track, const std::string& name) {
  return {{"ph", "M"}, {"pid", 0}, {"tid", track}, {"name", "thread_name"}, {"args", {{"name", name}}}};
}

nlohmann::json order_event(int track) {
  return {{"ph", "M"}, {"pid", 0}, {"tid", track}, {"name", "thread_sort_index"}, {"args", {{"sort_index", track}}}};
}

}  // namespace

Trace::Trace(const std::filesystem::path& path, TraceConfig config, const Cast& cast) : config_(config) {
  if (config_.iterations == 0) return;
  file_.open(path);
  if (!file_) throw std::runtime_error(fmt::format("cannot write '{}'", path.string()));
  file_ << '[';
  write_names(cast);
}

Trace::~Trace() {
  if (file_.is_open()) file_ << "\n]\n";
}

void Trace::write_names(const Cast& cast) {
  write_event(name_event(orchestrator_track, "orchestrator"));
  write_event(order_event(orchestrator_track));
  for (const auto& [rank, roles] : roles_by_rank(cast.placement)) {
    const auto name = fmt::format("rank {}: {} ({})", rank, fmt::join(roles, ", "), cast.hosts.at(rank));
    write_event(name_event(track_of(rank), name));
    write_event(order_event(track_of(rank)));
  }
}

void Trace::write(std::int64_t iteration, const std::string& what, const TimelinePart& part) {
  if (iteration >= config_.iterations) return;
  if (!begin_) begin_ = part.begin;
  const auto slice = [&](int track, const Span& span) -> nlohmann::json {
    return {{"ph", "X"},
            {"pid", 0},
            {"tid", track},
            {"name", span.name},
            {"cat", span.phase},
            {"ts", 1e6 * (span.begin - *begin_)},
            {"dur", 1e6 * span.seconds()},
            {"args", {{"iteration", iteration}}}};
  };
  write_event(slice(
      orchestrator_track,
      {.name = fmt::format("{} {}", what, iteration), .phase = other_phase, .begin = part.begin, .end = part.end}));
  for (const auto& [rank, spans] : part.ranks) {
    for (const auto& span : spans) {
      auto event = slice(track_of(rank), span);
      if (span.command > 0) event["args"]["command"] = span.command;
      if (span.micro_batch != Command::whole_batch) event["args"]["micro_batch"] = span.micro_batch;
      write_event(event);
    }
  }
  file_ << std::flush;
  if (!file_) throw std::runtime_error("the trace cannot be written: is the disk full?");
}

void Trace::write_event(const nlohmann::json& event) {
  file_ << (empty_ ? "\n" : ",\n") << event.dump();
  empty_ = false;
}

}  // namespace ballast
