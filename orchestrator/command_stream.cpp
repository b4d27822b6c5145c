#include "orchestrator/command_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "orchestrator/clock_offset.h"

namespace ballast {
namespace {

double seconds_of(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace

CommandStream::CommandStream(RankQueues& queues, Cast cast, StreamConfig config)
    : queues_(queues), cast_(std::move(cast)), config_(config) {}

void CommandStream::append(std::vector<Command> commands) {
  if (commands.empty()) return;
  for (const auto& command : commands) {
    for (const int rank : command.ranks) {
      auto& state = ranks_[rank];
      if (state.queue.empty()) state.since = Clock::now();
      state.queue.push_back(command);
    }
  }
  queues_.append(commands);
}

void CommandStream::wait_until(const std::function<bool()>& condition) {
  while (!condition()) {
    const auto next = queues_.next(std::chrono::milliseconds(200));
    if (!next) {
      check_deadlines();
    } else if (const auto* lost = std::get_if<RankLost>(&*next)) {
      fail(lost->rank, fmt::format("is lost: {}", lost->reason));
    } else {
      take_in(std::get<RankEvent>(*next));
    }
  }
}

void CommandStream::wait_all() {
  wait_for([](const Command&) { return true; });
}

void CommandStream::wait_for(const std::function<bool(const Command&)>& concerns) {
  wait_until([&] {
    return std::ranges::all_of(ranks_,
                               [&](const auto& entry) { return std::ranges::none_of(entry.second.queue, concerns); });
  });
}

std::map<int, CommandStream::Running> CommandStream::running() const {
  std::map<int, Running> result;
  for (const auto& [rank, state] : ranks_) {
    if (state.running) result[rank] = {state.queue.front(), seconds_of(state.since)};
  }
  return result;
}

void CommandStream::take_in(const RankEvent& rank_event) {
  auto [rank, event] = rank_event;
  auto& state = ranks_[rank];
  if (state.queue.empty() || state.queue.front().number != event.command) {
    fail(rank, fmt::format("reports command #{}, which is not the next in its queue", event.command));
  }
  const auto heard = Clock::now();
  if (!state.clock_offset) {
    state.clock_offset =
        clock_offset({.ordered = seconds_of(state.since), .started = event.clock, .heard = seconds_of(heard)});
  }
  event.clock += *state.clock_offset;
  state.since = heard;
  if (event.kind == EventKind::started) {
    state.running = true;
    return;
  }
  if (event.kind == EventKind::failed && event.user_error) throw RunFailed(event.error, true);
  if (event.kind == EventKind::failed) fail(rank, fmt::format("failed: {}", event.error));
  const Command command = std::move(state.queue.front());
  state.queue.pop_front();
  state.running = false;
  state.last_finished = describe(command);
  for (const auto& listener : listeners_) listener(command, rank, event);
}

void CommandStream::check_deadlines() const {
  for (const auto& [rank, state] : ranks_) {
    const auto running = std::chrono::duration<double>(Clock::now() - state.since).count();
    if (state.queue.empty() || !state.running || running < config_.command_timeout_s) continue;
    std::string others;
    for (const int peer : state.queue.front().ranks) {
      if (peer != rank) others += "\n  " + report(peer);
    }
    fail(rank, fmt::format("has missed the deadline of {:.0f} s{}", config_.command_timeout_s, others));
  }
}

std::string CommandStream::name(int rank) const {
  return fmt::format("rank {} ({}, {})", rank, cast_.hosts.at(rank), roles_of(cast_.placement, rank));
}

std::string CommandStream::report(int rank) const {
  const auto entry = ranks_.find(rank);
  if (entry == ranks_.end()) return fmt::format("{}: no command yet", name(rank));
  const auto& state = entry->second;
  if (state.queue.empty()) return fmt::format("{}: idle, last command {}", name(rank), state.last_finished);
  const auto seconds = std::chrono::duration<double>(Clock::now() - state.since).count();
  return fmt::format("{}: {} {} for {:.1f} s, {} more queued", name(rank),
                     state.running ? "running" : "not yet started", describe(state.queue.front()), seconds,
                     state.queue.size() - 1);
}

void CommandStream::fail(int rank, const std::string& what) const {
  const auto entry = ranks_.find(rank);
  std::string last = "none";
  if (entry != ranks_.end()) {
    last = entry->second.queue.empty() ? entry->second.last_finished : describe(entry->second.queue.front());
  }
  throw RunFailed(fmt::format("{} {}; last command: {}", name(rank), what, last), false);
}

}  // namespace ballast
