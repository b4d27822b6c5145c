// Where the ranks of one loopback group meet.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "comm/completion.h"

namespace ballast {

enum class Collective : std::uint8_t { all_reduce, reduce_scatter, all_gather, broadcast, barrier };

// What one rank asks for. Ranks agree when everything but the buffers' addresses is equal.
struct CollectiveCall {
  Collective kind = Collective::barrier;
  ReduceOp op = ReduceOp::sum;
  int root = 0;
  ConstBuffer input{};  // all_reduce and broadcast: the same memory as output
  Buffer output{};
};

// All methods may be called from any thread; `rank` is the caller's index in the group.
class LoopbackGroup {
 public:
  LoopbackGroup(std::string name, std::vector<int> world_ranks);

  RankGroup ranks_seen_by(int rank) const { return {.name = name_, .ranks = world_ranks_, .index = rank}; }

  Work collective(int rank, const CollectiveCall& call);
  Work exchange(int rank, const std::vector<Send>& sends, const std::vector<Receive>& receives);
  // The rank's next split: made by the first rank that arrives, the same for all.
  std::shared_ptr<LoopbackGroup> split(int rank, const std::string& name, const std::vector<int>& members);
  void end(const std::string& why);

 private:
  struct Meeting {
    std::vector<CollectiveCall> calls;                     // by rank
    std::vector<std::shared_ptr<Completion>> completions;  // by rank; null: has not arrived
    std::vector<int> missing() const;
  };
  class Exchange;
  struct Lane {  // messages from one rank to another that wait for their counterpart
    std::deque<std::pair<ConstBuffer, std::shared_ptr<Exchange>>> sends;
    std::deque<std::pair<Buffer, std::shared_ptr<Exchange>>> receives;
  };

  void conclude(const Meeting& meeting);
  void deliver(int from, int to);

  const std::string name_;
  const std::vector<int> world_ranks_;

  std::mutex mutex_;                              // guards all below
  std::string ended_;                             // why; empty: alive
  std::vector<std::int64_t> collectives_called_;  // by rank
  std::map<std::int64_t, Meeting> meetings_;      // by position in the sequence of collectives
  std::map<std::pair<int, int>, Lane> lanes_;     // (from, to)
  std::vector<std::size_t> splits_called_;        // by rank
  std::vector<std::shared_ptr<LoopbackGroup>> children_;
};

}  // namespace ballast
