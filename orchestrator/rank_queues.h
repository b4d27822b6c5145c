// The orchestrator's view of the ranks: one queue of commands for each, and one stream of events back.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "workers/commands.h"

namespace ballast {

// A rank that is gone; whatever it was asked for will not be done.
struct RankLost {
  int rank = 0;
  std::string reason;
};
struct RankEvent {
  int rank = 0;
  Event event;
};

// Real ranks answer over the control channel; simulated ones only take modelled time.
class RankQueues {
 public:
  virtual ~RankQueues() = default;
  // Appends each command to the queues of all its ranks, in order, as one batch.
  virtual void append(const std::vector<Command>& commands) = 0;
  // The next event or loss, or nothing when `timeout` has passed.
  virtual std::optional<std::variant<RankEvent, RankLost>> next(std::chrono::milliseconds timeout) = 0;
  // The clock that times are told by, in seconds.
  virtual double now() const { return steady_seconds(); }
  // Bytes of commands and events so far; 0 where none travel.
  virtual std::int64_t moved_bytes() const { return 0; }
};

}  // namespace ballast
