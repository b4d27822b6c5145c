#include "orchestrator/timeline.h"

#include <algorithm>
#include <utility>

namespace ballast {
namespace {

struct PhaseOf {
  std::string_view operator()(const Generate&) const { return "generate"; }
  std::string_view operator()(const Score&) const { return "score"; }
  std::string_view operator()(const BuildExperience&) const { return "experience"; }
  std::string_view operator()(const Learn&) const { return "learn"; }
  std::string_view operator()(const LearnText&) const { return "learn"; }
  std::string_view operator()(const LearnPairs&) const { return "learn"; }
  std::string_view operator()(const Transfer&) const { return "transfer"; }
  std::string_view operator()(const Regroup&) const { return "transfer"; }
  template <typename Other>
  std::string_view operator()(const Other&) const {
    return other_phase;
  }
};

// The other ends of the rank's legs; none where the command is no transfer.
std::vector<int> peers_of(const Command& command, int rank) {
  std::vector<int> peers;
  if (const auto* transfer = std::get_if<Transfer>(&command.body)) {
    for (const auto& leg : transfer->legs) {
      if (leg.from == rank) peers.push_back(leg.to);
      if (leg.to == rank) peers.push_back(leg.from);
    }
  }
  return peers;
}

}  // namespace

std::string title_of(const Command& command) {
  const auto role = std::visit(
      [](const auto& body) {
        if constexpr (requires { body.role; }) return " " + std::string(to_string(body.role));
        return std::string();
      },
      command.body);
  return std::string(name_of(command)) + role;
}

Timeline::Timeline(const Placement& placement, double now) : begin_(now) {
  for (const auto& [role, layout] : placement) {
    for (const int rank : layout.ranks()) executed_[rank];
  }
}

void Timeline::take_in(const Command& command, int rank, const Event& event) {
  take_in_running(command, rank, event.clock - event.seconds, event.clock);
  store_bytes_peak_ = std::max(store_bytes_peak_, event.store_bytes);
  for (const auto& [kind, bytes] : event.moved) moved_[kind] += bytes;
}

void Timeline::take_in_running(const Command& command, int rank, double begin, double now) {
  executed_[rank].push_back({.span = {.name = title_of(command),
                                      .phase = std::visit(PhaseOf{}, command.body),
                                      .begin = begin,
                                      .end = now,
                                      .command = command.number,
                                      .micro_batch = command.micro_batch},
                             .peers = peers_of(command, rank)});
  if (std::holds_alternative<Transfer>(command.body)) transfer_begins_[command.number][rank] = begin;
}

TimelinePart Timeline::take(double now) {
  TimelinePart part{.begin = begin_, .end = now, .ranks = {}, .store_bytes_peak = store_bytes_peak_};
  for (auto& [rank, commands] : executed_) part.ranks[rank] = spans_of(std::exchange(commands, {}), part);
  transfer_begins_.clear();
  store_bytes_peak_ = 0;
  part.moved = std::exchange(moved_, {});
  begin_ = part.end;
  return part;
}

// A clock that was estimated may be wrong by a fraction of a millisecond: spans are held to the part and to their
// order.
std::vector<Span> Timeline::spans_of(const std::vector<Executed>& commands, const TimelinePart& part) const {
  std::vector<Span> spans;
  double reached = part.begin;
  const auto go_on_to = [&](double time, Span span) {
    span.begin = reached;
    span.end = reached = std::clamp(time, reached, part.end);
    if (span.end > span.begin) spans.push_back(std::move(span));
  };
  for (const auto& executed : commands) {
    const double end = executed.span.end;
    go_on_to(executed.span.begin, {.name = "idle", .phase = idle_phase});
    if (!executed.peers.empty()) {
      Span wait = executed.span;
      wait.name = "wait for peers";
      wait.phase = idle_phase;
      go_on_to(std::min(peers_are_there(executed), end), std::move(wait));
    }
    go_on_to(end, executed.span);
  }
  go_on_to(part.end, {.name = "idle", .phase = idle_phase});
  return spans;
}

// When the last rank at the other end of one of this rank's legs had come to the transfer.
double Timeline::peers_are_there(const Executed& transfer) const {
  const auto& begins = transfer_begins_.at(transfer.span.command);
  double last = transfer.span.begin;
  for (const int peer : transfer.peers) {
    if (begins.contains(peer)) last = std::max(last, begins.at(peer));
  }
  return last;
}

}  // namespace ballast
