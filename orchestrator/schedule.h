// The order in which commands reach the ranks' queues.
#pragma once
#include <vector>

#include "workers/commands.h"

namespace ballast {

// Collects the steps of an iteration's graph and cuts them into one global order, micro-batch first:
// all steps of micro-batch 0, then all steps of micro-batch 1, and so on. A step over whole batches (learn, save, free)
// is a fence: what was recorded before it stays before it. The order depends on what was recorded, never on when events
// arrive.
class Schedule {
 public:
  void record(Command command);
  // The recorded commands in their global order, numbered from where the last call ended; leaves the graph empty.
  std::vector<Command> take();
  bool empty() const { return recorded_.empty(); }

 private:
  std::vector<Command> recorded_;
  std::uint64_t next_number_ = 1;
};

}  // namespace ballast
