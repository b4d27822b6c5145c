#include "comm/arrivals.h"

namespace ballast {

Needed Arrivals::enter_collective(const RankGroup& group) {
  const std::lock_guard lock(mutex_);
  ++collectives_;
  Needed needed;
  for (int peer = 0; peer < group.size(); ++peer) {
    if (peer != group.index) needed[peer].collectives = collectives_;
  }
  return needed;
}

// What this rank sends the peer receives, and the other way round.
Needed Arrivals::enter_exchange(const RankGroup& group, const std::vector<Send>& sends,
                                const std::vector<Receive>& receives) {
  const std::lock_guard lock(mutex_);
  Needed needed;
  for (const auto& [to, buffer] : sends) {
    if (to != group.index) needed[to].received = ++messages_[to].sent;
  }
  for (const auto& [from, buffer] : receives) {
    if (from != group.index) needed[from].sent = ++messages_[from].received;
  }
  return needed;
}

Tally Arrivals::tally(int peer) const {
  const std::lock_guard lock(mutex_);
  const auto messages = messages_.find(peer);
  Tally tally = messages == messages_.end() ? Tally{} : messages->second;
  tally.collectives = collectives_;
  return tally;
}

std::vector<int> not_arrived(const Needed& needed, const std::map<int, Tally>& known) {
  std::vector<int> missing;
  for (const auto& [peer, tally] : needed) {
    const auto found = known.find(peer);
    if (found == known.end() || !found->second.reaches(tally)) missing.push_back(peer);
  }
  return missing;
}

}  // namespace ballast
