// Every command from its number to its end: what each rank has in its queue, what it is doing, since when. Progress,
// metrics, the watchdog and the report of a failure all read this one stream.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "orchestrator/placement.h"
#include "orchestrator/rank_queues.h"

namespace ballast {

// The run cannot go on. The message names rank, host, role and command; `user_error`: the input is at fault.
struct RunFailed : std::runtime_error {
  RunFailed(const std::string& what, bool user_error_in) : std::runtime_error(what), user_error(user_error_in) {}
  bool user_error;
};

struct StreamConfig {
  double command_timeout_s = 600.0;

  template <typename Fields>
  void describe(Fields& field) {
    field("command_timeout_s", command_timeout_s, "a command that a rank works on for longer ends the run").above(0.0);
  }
};

// Where the ranks are, for messages.
struct Cast {
  Placement placement;
  std::vector<std::string> hosts;  // by rank
};

class CommandStream {
 public:
  // Sees each finished event once, with its command and rank; its clock is then the orchestrator's.
  using Listener = std::function<void(const Command&, int rank, const Event&)>;

  CommandStream(RankQueues& queues, Cast cast, StreamConfig config);

  const Cast& cast() const { return cast_; }
  void add_listener(Listener listener) { listeners_.push_back(std::move(listener)); }
  void append(std::vector<Command> commands);
  // Takes in events until `condition` holds. Throws RunFailed on a failed command, a lost rank or a missed deadline.
  void wait_until(const std::function<bool()>& condition);
  // Until every command so far is done on all its ranks.
  void wait_all();
  // Until those for which `concerns` holds are.
  void wait_for(const std::function<bool(const Command&)>& concerns);

  // What a rank works on now.
  struct Running {
    std::shared_ptr<const Command> command;
    double since = 0.0;  // on the orchestrator's clock
  };
  std::map<int, Running> running() const;
  // Bytes of commands and events so far.
  std::int64_t moved_bytes() const { return queues_.moved_bytes(); }
  // The orchestrator's clock, in seconds.
  double now() const { return queues_.now(); }

  // 'rank 3 (node07, reward): running Score reward #12 (iteration 0, micro-batch 1) for 0.3 s, 4 more queued'
  std::string report(int rank) const;

 private:
  using SharedCommand = std::shared_ptr<const Command>;  // of all its ranks, of which there may be thousands
  struct RankState {
    std::deque<SharedCommand> queue;  // not finished, oldest first
    bool running = false;             // has started the first of them
    double since = 0.0;               // start of the running command, or end of the last one
    SharedCommand last_finished;
    std::optional<double> clock_offset;  // known from the rank's first command on
  };
  // A command that is not finished on all its ranks.
  struct Open {
    SharedCommand command;
    std::size_t ranks = 0;  // on which it is not
  };
  static std::string describe_last(const RankState& state);

  void take_in(const RankEvent& event);
  void check_deadlines() const;
  [[noreturn]] void fail(int rank, const std::string& what) const;
  std::string name(int rank) const;

  RankQueues& queues_;
  Cast cast_;
  StreamConfig config_;
  std::vector<Listener> listeners_;
  std::map<int, RankState> ranks_;
  std::map<std::uint64_t, Open> open_;  // by number
};

}  // namespace ballast
