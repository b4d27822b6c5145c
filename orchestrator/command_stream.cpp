#include "orchestrator/command_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "orchestrator/clock_offset.h"

namespace ballast {

CommandStream::CommandStream(RankQueues& queues, Cast cast, StreamConfig config)
    : queues_(queues), cast_(std::move(cast)), config_(config) {}

void CommandStream::append(std::vector<Command> commands) {
  if (commands.empty()) return;
  for (const auto& command : commands) {
    const auto shared = std::make_shared<const Command>(command);
    for (const int rank : command.ranks) {
      auto& state = ranks_[rank];
      if (state.queue.empty()) state.since = now();
      state.queue.push_back(shared);
    }
    open_[command.number] = {shared, command.ranks.size()};
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
  wait_until([this] { return open_.empty(); });
}

// The oldest first: none is appended meanwhile.
void CommandStream::wait_for(const std::function<bool(const Command&)>& concerns) {
  const auto is_one = [&](const auto& entry) { return concerns(*entry.second.command); };
  for (auto next = open_.begin(); (next = std::find_if(next, open_.end(), is_one)) != open_.end();) {
    const auto number = next->first;
    wait_until([&] { return !open_.contains(number); });
    next = open_.upper_bound(number);
  }
}

std::map<int, CommandStream::Running> CommandStream::running() const {
  std::map<int, Running> result;
  for (const auto& [rank, state] : ranks_) {
    if (state.running) result[rank] = {state.queue.front(), state.since};
  }
  return result;
}

void CommandStream::take_in(const RankEvent& rank_event) {
  auto [rank, event] = rank_event;
  auto& state = ranks_[rank];
  if (state.queue.empty() || state.queue.front()->number != event.command) {
    fail(rank, fmt::format("reports command #{}, which is not the next in its queue", event.command));
  }
  const double heard = now();
  if (!state.clock_offset) {
    state.clock_offset = clock_offset({.ordered = state.since, .started = event.clock, .heard = heard});
  }
  event.clock += *state.clock_offset;
  state.since = heard;
  if (event.kind == EventKind::started) {
    state.running = true;
    return;
  }
  if (event.kind == EventKind::failed && event.user_error) throw RunFailed(event.error, true);
  if (event.kind == EventKind::failed) fail(rank, fmt::format("failed: {}", event.error));
  state.last_finished = std::move(state.queue.front());
  state.queue.pop_front();
  state.running = false;
  const auto open = open_.find(event.command);
  if (--open->second.ranks == 0) open_.erase(open);
  for (const auto& listener : listeners_) listener(*state.last_finished, rank, event);
}

void CommandStream::check_deadlines() const {
  for (const auto& [rank, state] : ranks_) {
    const double running = now() - state.since;
    if (state.queue.empty() || !state.running || running < config_.command_timeout_s) continue;
    std::string others;
    for (const int peer : state.queue.front()->ranks) {
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
  if (state.queue.empty()) return fmt::format("{}: idle, last command {}", name(rank), describe_last(state));
  return fmt::format("{}: {} {} for {:.1f} s, {} more queued", name(rank),
                     state.running ? "running" : "not yet started", describe(*state.queue.front()), now() - state.since,
                     state.queue.size() - 1);
}

std::string CommandStream::describe_last(const RankState& state) {
  return state.last_finished ? describe(*state.last_finished) : "none";
}

void CommandStream::fail(int rank, const std::string& what) const {
  const auto entry = ranks_.find(rank);
  std::string last = "none";
  if (entry != ranks_.end()) {
    const auto& queue = entry->second.queue;
    last = queue.empty() ? describe_last(entry->second) : describe(*queue.front());
  }
  throw RunFailed(fmt::format("{} {}; last command: {}", name(rank), what, last), false);
}

}  // namespace ballast
