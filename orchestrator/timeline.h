// What every rank did when: commands, waits in transfers, idle time, from the ranks' events.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "workers/commands.h"

namespace ballast {

// Kinds of commands that an iteration's time goes into.
inline constexpr std::array iteration_phases{"generate", "score", "experience", "learn", "transfer"};
inline constexpr std::string_view other_phase = "other";
// Nothing to do: no command in the queue, or a transfer whose other end is not there yet.
inline constexpr std::string_view idle_phase = "idle";

// 'Generate', 'Score cost': what commands of one kind and role share.
std::string title_of(const Command& command);

// One thing that a rank did. Times are seconds on the orchestrator's steady clock.
struct Span {
  std::string name;        // 'Generate', 'wait for peers', 'idle'
  std::string_view phase;  // one of iteration_phases, other_phase or idle_phase
  double begin = 0.0;
  double end = 0.0;
  std::uint64_t command = 0;  // 0: none
  int micro_batch = Command::whole_batch;

  double seconds() const { return end - begin; }
};

// Of each rank that plays a role the spans from `begin` to `end`, without gap or overlap.
struct TimelinePart {
  double begin = 0.0;
  double end = 0.0;
  std::map<int, std::vector<Span>> ranks;
  std::int64_t store_bytes_peak = 0;          // largest batch store of a rank
  std::map<std::string, std::int64_t> moved;  // bytes that left ranks, by kind (traffic_kinds)
};

class Timeline {
 public:
  Timeline(const Placement& placement, double now);

  void take_in(const Command& command, int rank, const Event& event);
  // What a rank has begun and not finished belongs to the part that `now` ends, and to the next with
  // what is left of it.
  void take_in_running(const Command& command, int rank, double begin, double now);
  // From the last call, or from the start, until now. What goes on has been taken in.
  TimelinePart take(double now);

 private:
  struct Executed {
    Span span;
    std::vector<int> peers;  // of a transfer: at the other end of this rank's legs
  };
  std::vector<Span> spans_of(const std::vector<Executed>& commands, const TimelinePart& part) const;
  double peers_are_there(const Executed& transfer) const;

  std::map<int, std::vector<Executed>> executed_;                   // by rank, in the order of its queue
  std::map<std::uint64_t, std::map<int, double>> transfer_begins_;  // by command and rank
  std::int64_t store_bytes_peak_ = 0;
  std::map<std::string, std::int64_t> moved_;
  double begin_;  // of the part that goes on
};

}  // namespace ballast
