#include "comm/loopback_group.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <string_view>

#include "comm/arguments.h"
#include "comm/reduction.h"

namespace ballast {
namespace {

constexpr std::array<std::string_view, 5> collective_names{"all_reduce", "reduce_scatter", "all_gather", "broadcast",
                                                           "barrier"};
std::string_view name_of(Collective kind) { return collective_names.at(static_cast<std::size_t>(kind)); }

bool agree(const CollectiveCall& a, const CollectiveCall& b) {
  return a.kind == b.kind && a.op == b.op && a.root == b.root && a.output.count == b.output.count &&
         a.output.dtype == b.output.dtype;
}

std::string describe(const CollectiveCall& call) {
  return fmt::format("{} of {} elements (dtype {}, op {}, root {})", name_of(call.kind), call.output.count,
                     static_cast<int>(call.output.dtype), static_cast<int>(call.op), call.root);
}

// Elements [rank * count, (rank + 1) * count).
ConstBuffer chunk(ConstBuffer whole, int rank, std::int64_t count) {
  const auto offset = static_cast<std::int64_t>(size_of(whole.dtype)) * rank * count;
  return {static_cast<const std::byte*>(whole.data) + offset, count, whole.dtype};
}

// The reduction, in rank order, of every rank's input from `chunk_index` * count on.
std::vector<std::byte> reduced(const std::vector<CollectiveCall>& calls, int chunk_index) {
  const Buffer shape = calls.front().output;
  std::vector<std::byte> storage(shape.count * size_of(shape.dtype));
  const Buffer result{storage.data(), shape.count, shape.dtype};
  copy(chunk(calls.front().input, chunk_index, shape.count), result);
  for (std::size_t rank = 1; rank < calls.size(); ++rank) {
    reduce(calls[rank].op, chunk(calls[rank].input, chunk_index, shape.count), result);
  }
  return storage;
}

void carry_out(const std::vector<CollectiveCall>& calls) {
  const int size = static_cast<int>(calls.size());
  const CollectiveCall& first = calls.front();
  switch (first.kind) {
    case Collective::barrier:
      return;
    case Collective::all_reduce: {
      const auto sum = reduced(calls, 0);
      for (const auto& call : calls) copy({sum.data(), call.output.count, call.output.dtype}, call.output);
      return;
    }
    case Collective::reduce_scatter:
      for (int rank = 0; rank < size; ++rank) {
        const Buffer output = calls[rank].output;
        copy({reduced(calls, rank).data(), output.count, output.dtype}, output);
      }
      return;
    case Collective::all_gather:
      for (const auto& call : calls) {
        for (int rank = 0; rank < size; ++rank) {
          const ConstBuffer place = chunk(call.output, rank, calls[rank].input.count);
          copy(calls[rank].input, {const_cast<void*>(place.data), place.count, place.dtype});
        }
      }
      return;
    case Collective::broadcast:
      for (const auto& call : calls) copy(calls[first.root].input, call.output);
      return;
  }
}

}  // namespace

// Done when every message has met its counterpart.
class LoopbackGroup::Exchange : public Completion {
 public:
  using Completion::Completion;

  void expect(int peer) { ++open_[peer]; }
  void message_done(int peer) {
    if (--open_[peer] == 0) open_.erase(peer);
  }
  void report() {
    if (open_.empty()) return finish();
    std::vector<int> peers;
    for (const auto& [peer, messages] : open_) peers.push_back(peer);
    set_missing(std::move(peers));
  }

 private:
  std::map<int, int> open_;  // peer -> messages; guarded by the group
};

LoopbackGroup::LoopbackGroup(std::string name, std::vector<int> world_ranks)
    : name_(std::move(name)),
      world_ranks_(std::move(world_ranks)),
      collectives_called_(world_ranks_.size()),
      splits_called_(world_ranks_.size()) {}

std::vector<int> LoopbackGroup::Meeting::missing() const {
  std::vector<int> ranks;
  for (std::size_t rank = 0; rank < completions.size(); ++rank) {
    if (!completions[rank]) ranks.push_back(static_cast<int>(rank));
  }
  return ranks;
}

Work LoopbackGroup::collective(int rank, const CollectiveCall& call) {
  const auto completion = std::make_shared<Completion>(operation_label(name_of(call.kind), ranks_seen_by(rank)));
  const std::lock_guard lock(mutex_);
  if (!ended_.empty()) {
    completion->fail(ended_);
    return Work(completion);
  }
  const std::int64_t position = collectives_called_[rank]++;
  Meeting& meeting = meetings_[position];
  meeting.calls.resize(world_ranks_.size());
  meeting.completions.resize(world_ranks_.size());
  meeting.calls[rank] = call;
  meeting.completions[rank] = completion;
  const std::vector<int> missing = meeting.missing();
  if (missing.empty()) {
    conclude(meeting);
    meetings_.erase(position);
    return Work(completion);
  }
  for (const auto& waiting : meeting.completions) {
    if (waiting) waiting->set_missing(missing);
  }
  return Work(completion);
}

void LoopbackGroup::conclude(const Meeting& meeting) {
  for (std::size_t rank = 1; rank < meeting.calls.size(); ++rank) {
    if (agree(meeting.calls[0], meeting.calls[rank])) continue;
    const std::string why = fmt::format("rank 0 called {}, rank {} called {}", describe(meeting.calls[0]), rank,
                                        describe(meeting.calls[rank]));
    for (const auto& completion : meeting.completions) completion->fail(why);
    return;
  }
  carry_out(meeting.calls);
  for (const auto& completion : meeting.completions) completion->finish();
}

Work LoopbackGroup::exchange(int rank, const std::vector<Send>& sends, const std::vector<Receive>& receives) {
  const auto exchange = std::make_shared<Exchange>(operation_label("exchange", ranks_seen_by(rank)));
  const std::lock_guard lock(mutex_);
  if (!ended_.empty()) {
    exchange->fail(ended_);
    return Work(exchange);
  }
  for (const Receive& receive : receives) {
    exchange->expect(receive.from);
    lanes_[{receive.from, rank}].receives.emplace_back(receive.buffer, exchange);
  }
  for (const Send& send : sends) {
    exchange->expect(send.to);
    lanes_[{rank, send.to}].sends.emplace_back(send.buffer, exchange);
  }
  for (const Receive& receive : receives) deliver(receive.from, rank);
  for (const Send& send : sends) deliver(rank, send.to);
  exchange->report();
  return Work(exchange);
}

void LoopbackGroup::deliver(int from, int to) {
  auto& [sends, receives] = lanes_[{from, to}];
  while (!sends.empty() && !receives.empty()) {
    const auto [sent, sender] = sends.front();
    const auto [received, receiver] = receives.front();
    sends.pop_front();
    receives.pop_front();
    if (sent.count != received.count || sent.dtype != received.dtype) {
      const std::string why =
          fmt::format("rank {} sent {} elements, {} were expected", from, sent.count, received.count);
      sender->fail(why);
      receiver->fail(why);
      continue;
    }
    copy(sent, received);
    sender->message_done(to);
    receiver->message_done(from);
    sender->report();
    receiver->report();
  }
}

std::shared_ptr<LoopbackGroup> LoopbackGroup::split(int rank, const std::string& name,
                                                    const std::vector<int>& members) {
  const RankGroup child = split_group(ranks_seen_by(rank), name, members);
  const std::lock_guard lock(mutex_);
  const std::string label = operation_label("split", ranks_seen_by(rank));
  if (!ended_.empty()) throw CommunicationError(fmt::format("{} failed: {}", label, ended_));
  const std::size_t position = splits_called_[rank]++;
  if (position == children_.size()) children_.push_back(std::make_shared<LoopbackGroup>(child.name, child.ranks));
  const auto& made = children_[position];
  if (made->name_ != child.name || made->world_ranks_ != child.ranks) {
    throw CommunicationError(
        fmt::format("{} failed: another rank split off '{}' here, not '{}'", label, made->name_, name));
  }
  return made;
}

void LoopbackGroup::end(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (!ended_.empty()) return;
  ended_ = why;
  for (const auto& [position, meeting] : meetings_) {
    for (const auto& completion : meeting.completions) {
      if (completion) completion->fail(why);
    }
  }
  for (const auto& [ends, lane] : lanes_) {
    for (const auto& [buffer, exchange] : lane.sends) exchange->fail(why);
    for (const auto& [buffer, exchange] : lane.receives) exchange->fail(why);
  }
  for (const auto& child : children_) child->end(why);
}

}  // namespace ballast
