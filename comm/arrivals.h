// Who has come to an operation and who has not: each rank counts what it has entered, and when an operation is late its
// waiter asks the others how far they are. Nothing is sent as long as nothing is late.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "comm/communicator.h"

namespace ballast {

// How far one rank is, as another one sees it.
struct Tally {
  std::int64_t collectives = 0;  // entered on the group
  std::int64_t sent = 0;         // messages to the other
  std::int64_t received = 0;     // messages from the other that it has posted

  bool reaches(const Tally& needed) const {
    return collectives >= needed.collectives && sent >= needed.sent && received >= needed.received;
  }
};

// What the other ranks' tallies must show, by rank, when they have come to an operation.
using Needed = std::map<int, Tally>;

// Of one rank in one group. May be called from any thread.
class Arrivals {
 public:
  // This rank enters the group's next collective.
  Needed enter_collective(const RankGroup& group);
  // This rank posts these messages; those to itself do not count.
  Needed enter_exchange(const RankGroup& group, const std::vector<Send>& sends, const std::vector<Receive>& receives);

  Tally tally(int peer) const;

 private:
  mutable std::mutex mutex_;
  std::int64_t collectives_ = 0;
  std::map<int, Tally> messages_;  // by peer
};

// Ranks that have not come, or of which nothing is known.
std::vector<int> not_arrived(const Needed& needed, const std::map<int, Tally>& known);

}  // namespace ballast
