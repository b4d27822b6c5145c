#include "tests/orchestrator/simulated_ranks.h"

#include <algorithm>

namespace ballast {
namespace {

// Where a rank meets the group after it has met it so many times.
std::size_t round_of(const std::vector<std::vector<int>>& collectives, const std::vector<int>& group,
                     std::ptrdiff_t met_before) {
  std::size_t round = 0;
  for (; round < collectives.size(); ++round) {
    if (collectives[round] == group && met_before-- == 0) break;
  }
  return round;
}

}  // namespace

void SimulatedRanks::append(const std::vector<Command>& commands) {
  for (const auto& command : commands) {
    for (const int rank : command.ranks) {
      if (withheld_.contains({rank, command.number})) continue;
      ranks_[rank].queue.push_back(command);
      histories_[rank].push_back(command);
    }
  }
}

std::optional<std::variant<RankEvent, RankLost>> SimulatedRanks::next(std::chrono::milliseconds) {
  while (events_.empty()) {
    std::vector<int> order;
    for (const auto& [index, rank] : ranks_) order.push_back(index);
    std::ranges::shuffle(order, random_);
    if (std::ranges::none_of(order, [this](int index) { return advance(index); })) return std::nullopt;
  }
  const auto event = events_.front();
  events_.pop_front();
  return event;
}

// One move of one rank, if it can make one.
bool SimulatedRanks::advance(int index) {
  auto& rank = ranks_[index];
  if (rank.queue.empty()) return false;
  const Command& command = rank.queue.front();
  if (!rank.posted) {
    rank.posted = true;
    events_.push_back({index, {.command = command.number, .kind = EventKind::started}});
    return true;
  }
  const auto collectives = collectives_of(command, index);
  if (!peers_are_there(index, command, collectives)) return false;
  if (++rank.round < collectives.size()) return true;
  finish(index);
  return true;
}

bool SimulatedRanks::peers_are_there(int index, const Command& command,
                                     const std::vector<std::vector<int>>& collectives) const {
  if (const auto* transfer = std::get_if<Transfer>(&command.body)) {
    return std::ranges::all_of(transfer->legs, [&](const Leg& leg) {
      if (leg.from != index && leg.to != index) return true;
      return is_at(leg.from, command.number, 0) && is_at(leg.to, command.number, 0);
    });
  }
  if (collectives.empty()) return true;
  const auto next = collectives.begin() + static_cast<std::ptrdiff_t>(ranks_.at(index).round);
  const auto met_before = std::count(collectives.begin(), next, *next);
  return std::ranges::all_of(*next, [&](int peer) {
    return is_at(peer, command.number, round_of(collectives_of(command, peer), *next, met_before));
  });
}

// The groups in which this rank meets others inside a command, in order.
std::vector<std::vector<int>> SimulatedRanks::collectives_of(const Command& command, int index) const {
  if (std::holds_alternative<Regroup>(command.body)) return {command.ranks};
  const auto role = role_of(command);
  if (!role || !placement_.contains(*role)) return {};
  const auto& layout = placement_.at(*role);
  const auto& ranks = layout.ranks();
  const auto position = static_cast<int>(std::ranges::find(ranks, index) - ranks.begin());
  const int replica = position / layout.shards();
  const auto shards = layout.replica(replica);
  if (!std::holds_alternative<Learn>(command.body)) return {shards};
  std::vector<std::vector<int>> groups(static_cast<std::size_t>(1 + replica % 3), shards);  // one for each micro-batch
  groups.push_back(layout.shard(position % layout.shards()));
  groups.push_back(shards);
  return groups;
}

bool SimulatedRanks::is_at(int index, std::uint64_t number, std::size_t round) const {
  const auto entry = ranks_.find(index);
  if (entry == ranks_.end()) return false;
  const auto& rank = entry->second;
  if (rank.finished.contains(number)) return true;
  return !rank.queue.empty() && rank.queue.front().number == number && rank.posted && rank.round >= round;
}

void SimulatedRanks::finish(int index) {
  auto& rank = ranks_[index];
  const Command command = rank.queue.front();
  rank.queue.pop_front();
  rank.finished.insert(command.number);
  rank.posted = false;
  rank.round = 0;
  hold_or_free(rank, command);
  Event event = answer_ ? answer_(command, index) : Event{};
  event.command = command.number;
  event.kind = EventKind::finished;
  events_.push_back({index, event});
}

void SimulatedRanks::hold_or_free(Rank& rank, const Command& command) {
  if (const auto* generate = std::get_if<Generate>(&command.body)) rank.batches.insert(generate->key.batch);
  if (const auto* transfer = std::get_if<Transfer>(&command.body)) rank.batches.insert(transfer->key.batch);
  if (const auto* freed = std::get_if<Free>(&command.body)) rank.batches.erase(freed->batch);
  most_batches_held_ = std::max(most_batches_held_, rank.batches.size());
}

bool SimulatedRanks::deadlocked() const {
  return std::ranges::any_of(ranks_, [](const auto& entry) { return !entry.second.queue.empty(); });
}

void SimulatedRanks::swap_in_queue(int index, std::uint64_t first, std::uint64_t second) {
  auto& queue = ranks_[index].queue;
  const auto at = [&](std::uint64_t number) { return std::ranges::find(queue, number, &Command::number); };
  std::iter_swap(at(first), at(second));
}

void SimulatedRanks::withhold(int rank, std::uint64_t number) { withheld_.insert({rank, number}); }

}  // namespace ballast
