#include "orchestrator/simulated_queues.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace ballast {
namespace {

std::size_t index_of(int rank, const Command& command) {
  return static_cast<std::size_t>(std::ranges::lower_bound(command.ranks, rank) - command.ranks.begin());
}

// A model is read, and memory freed, without the others.
bool works_alone(const Command& command) {
  return std::holds_alternative<Load>(command.body) || std::holds_alternative<LoadLearner>(command.body) ||
         std::holds_alternative<Free>(command.body);
}

// Indices in command.ranks of those that the rank's legs have at their other ends, and of itself.
std::vector<std::size_t> ends_of_legs(int rank, const Command& command, const Transfer& transfer) {
  std::vector<std::size_t> ends{index_of(rank, command)};
  for (const auto& leg : transfer.legs) {
    if (leg.from == rank) ends.push_back(index_of(leg.to, command));
    if (leg.to == rank) ends.push_back(index_of(leg.from, command));
  }
  return ends;
}

}  // namespace

void SimulatedQueues::append(const std::vector<Command>& commands) {
  for (const auto& command : commands) {
    auto task = std::make_shared<Task>();
    task->command = std::make_shared<const Command>(command);
    for (auto& cost : world_.costs(command)) {
      bytes_ += cost.bytes * static_cast<double>(world_.each_stands_for);
      task->parts.push_back({.cost = cost});
    }
    for (std::size_t part = 0; part < command.ranks.size(); ++part) {
      handle_message();
      const int rank = command.ranks[part];
      const double arrival = orchestrator_ + world_.control_latency_s;
      ranks_[rank].queue.push_back({.task = task, .part = part, .arrival = arrival, .trigger = last_heard_});
      if (!ranks_[rank].busy) happen(arrival, Happens::Arrival, rank);
    }
  }
}

std::optional<std::variant<RankEvent, RankLost>> SimulatedQueues::next(std::chrono::milliseconds) {
  while (reports_.empty()) {
    if (moments_.empty()) throw std::logic_error("the simulated ranks have nothing to do, or wait for one another");
    advance();
  }
  auto [event, time, step] = std::move(reports_.front());
  reports_.pop_front();
  orchestrator_ = std::max(orchestrator_, time + world_.control_latency_s);
  handle_message();
  if (step != SimulatedStep::none) last_heard_ = step;
  return event;
}

void SimulatedQueues::handle_message() {
  const double seconds = world_.message_s * static_cast<double>(world_.each_stands_for);
  orchestrator_ += seconds;
  orchestrator_busy_ += seconds;
}

void SimulatedQueues::happen(double time, Happens what, int where, std::uint64_t version) {
  moments_.push({.time = time, .order = next_order_++, .what = what, .where = where, .version = version});
}

void SimulatedQueues::advance() {
  const Moment moment = moments_.top();
  moments_.pop();
  switch (moment.what) {
    case Happens::Arrival:
      return try_begin(moment.where, moment.time);
    case Happens::WorkDone:
      return meet(moment.where, moment.time);
    case Happens::SharedWorkDone: {
      auto& node = nodes_.at(moment.where);
      if (moment.version != node.version) return;
      const int rank = node.processors.end_next();
      expect_shared_end(moment.where);
      return meet(rank, moment.time);
    }
    case Happens::ExchangeDone:
      return finish(moment.where, moment.time);
  }
}

void SimulatedQueues::try_begin(int index, double time) {
  auto& rank = ranks_[index];
  if (rank.busy || rank.queue.empty()) return;
  const auto& [task, part, arrival, trigger] = rank.queue.front();
  if (arrival > time) return happen(arrival, Happens::Arrival, index);
  rank.busy = true;
  auto& own = task->parts[part];
  own.begin = time;
  own.previous = arrival > rank.last_end || rank.last_step == SimulatedStep::none ? trigger : rank.last_step;
  report(index, {.command = task->command->number, .kind = EventKind::started}, time);
  work(index, own.cost.work_s, time);
}

void SimulatedQueues::work(int rank, double seconds, double time) {
  if (world_.ranks_of_node <= world_.devices_of_node) return happen(time + seconds, Happens::WorkDone, rank);
  const int node = rank / static_cast<int>(world_.ranks_of_node);
  const auto shared = nodes_.try_emplace(node, SharedNode{SharedProcessors(world_.devices_of_node)}).first;
  shared->second.processors.begin(rank, seconds, time);
  expect_shared_end(node);
}

void SimulatedQueues::expect_shared_end(int index) {
  auto& node = nodes_.at(index);
  ++node.version;
  if (!node.processors.idle()) happen(node.processors.next_end(), Happens::SharedWorkDone, index, node.version);
}

void SimulatedQueues::meet(int rank, double time) {
  const auto [task, part, arrival, trigger] = ranks_[rank].queue.front();
  task->parts[part].there = true;
  ++task->there;
  const auto is_there = [&](std::size_t other) { return task->parts[other].there; };
  if (const auto* transfer = std::get_if<Transfer>(&task->command->body)) {
    auto ends = ends_of_legs(rank, *task->command, *transfer);
    std::ranges::sort(ends);
    ends.erase(std::ranges::unique(ends).begin(), ends.end());
    for (const auto end : ends) {
      if (std::ranges::all_of(ends_of_legs(task->command->ranks[end], *task->command, *transfer), is_there))
        exchange(*task, end, part, time);
    }
  } else if (works_alone(*task->command)) {
    exchange(*task, part, part, time);
  } else if (task->there == task->parts.size()) {
    for (std::size_t other = 0; other < task->parts.size(); ++other) exchange(*task, other, part, time);
  }
}

// The step is known now: nothing but the exchange is left.
void SimulatedQueues::exchange(Task& task, std::size_t part, std::size_t last_to_come, double time) {
  const int rank = task.command->ranks[part];
  const double end = time + task.parts[part].cost.exchange_s;
  const auto& last = task.parts[last_to_come];
  ranks_[rank].last_step = static_cast<int>(steps_.size());
  steps_.push_back({.command = task.command, .rank = rank, .begin = last.begin, .end = end, .previous = last.previous});
  happen(end, Happens::ExchangeDone, rank);
}

void SimulatedQueues::finish(int index, double time) {
  auto& rank = ranks_[index];
  const auto [task, part, arrival, trigger] = std::move(rank.queue.front());
  rank.queue.pop_front();
  rank.busy = false;
  rank.last_end = time;
  Event event = part == 0 ? world_.answer(*task->command) : Event{};
  event.command = task->command->number;
  event.kind = EventKind::finished;
  event.seconds = time - task->parts[part].begin;
  report(index, std::move(event), time, rank.last_step);
  try_begin(index, time);
}

void SimulatedQueues::report(int rank, Event event, double time, int step) {
  event.clock = time;
  reports_.push_back({.event = {rank, std::move(event)}, .time = time, .step = step});
}

std::vector<SimulatedStep> critical_path(const std::vector<SimulatedStep>& steps, double begin, double end) {
  int index = SimulatedStep::none;
  double last = begin;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].end <= last || steps[i].end > end) continue;
    index = static_cast<int>(i);
    last = steps[i].end;
  }
  std::vector<SimulatedStep> path;
  while (index != SimulatedStep::none && steps[static_cast<std::size_t>(index)].end > begin) {
    path.push_back(steps[static_cast<std::size_t>(index)]);
    index = path.back().previous;
  }
  std::ranges::reverse(path);
  return path;
}

}  // namespace ballast
