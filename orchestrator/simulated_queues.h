// Ranks that only take modelled time: what a plan runs the orchestrator over.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>

#include "orchestrator/rank_queues.h"
#include "orchestrator/shared_processors.h"
#include "orchestrator/step_cost.h"

namespace ballast {

// One command on one rank, once it is done.
struct SimulatedStep {
  std::shared_ptr<const Command> command;
  int rank = 0;
  double begin = 0.0;  // when the last of the ranks that it had to meet began
  double end = 0.0;
  int previous = none;  // the step that had to end before that rank could begin; none: nothing did

  static constexpr int none = -1;
};

// Each rank executes its queue first in, first out, as workers do: it works for a while, alone or sharing its node's
// devices, meets its peers (all ranks of a command; in a transfer those at the other end of its legs; none for Load and
// Free), and exchanges.
// The orchestrator's thread spends time on each message too, one after the other. Time is simulated and stands still
// between calls.
class SimulatedQueues : public RankQueues {
 public:
  // In the order of command.ranks.
  using Costs = std::function<std::vector<StepCost>(const Command&)>;
  // What the first of the command's ranks reports; the others report nothing but the end.
  using Answer = std::function<Event(const Command&)>;
  struct World {
    Costs costs;
    Answer answer;
    std::int64_t ranks_of_node = 1;
    std::int64_t devices_of_node = 1;
    std::int64_t each_stands_for = 1;  // ranks that are alike: as many messages
    double message_s = 0.0;
    double control_latency_s = 0.0;
  };
  explicit SimulatedQueues(World world) : world_(std::move(world)) {}

  void append(const std::vector<Command>& commands) override;
  // Throws std::logic_error when nothing will happen any more.
  std::optional<std::variant<RankEvent, RankLost>> next(std::chrono::milliseconds timeout) override;
  double now() const override { return orchestrator_; }

  // A step comes after those that it waited for.
  const std::vector<SimulatedStep>& steps() const { return steps_; }
  // That the orchestrator's thread has spent on messages.
  double orchestrator_busy_s() const { return orchestrator_busy_; }
  // That the ranks have sent, those that they stand for included.
  const SentBytes& bytes() const { return bytes_; }

 private:
  // A rank's part in a command.
  struct Part {
    StepCost cost;
    double begin = 0.0;
    int previous = SimulatedStep::none;
    bool there = false;  // has met its peers
  };
  struct Task {
    std::shared_ptr<const Command> command;
    std::vector<Part> parts;  // in the order of command->ranks
    std::size_t there = 0;    // parts that are
  };
  struct Queued {
    std::shared_ptr<Task> task;
    std::size_t part = 0;
    double arrival = 0.0;
    int trigger = SimulatedStep::none;  // the step that the orchestrator had last heard of
  };
  struct Rank {
    std::deque<Queued> queue;
    bool busy = false;
    int last_step = SimulatedStep::none;
    double last_end = 0.0;
  };
  enum class Happens : std::uint8_t { Arrival, WorkDone, SharedWorkDone, ExchangeDone };
  struct Moment {
    double time = 0.0;
    std::uint64_t order = 0;  // of moments at one time
    Happens what = Happens::Arrival;
    int where = 0;              // the rank; of SharedWorkDone the node
    std::uint64_t version = 0;  // SharedWorkDone: a later one counts instead
    bool operator>(const Moment& other) const { return std::pair(time, order) > std::pair(other.time, other.order); }
  };
  struct SharedNode {
    SharedProcessors processors;
    std::uint64_t version = 0;
  };
  struct Report {
    RankEvent event;
    double time = 0.0;
    int step = SimulatedStep::none;
  };

  void happen(double time, Happens what, int where, std::uint64_t version = 0);
  void advance();
  void try_begin(int rank, double time);
  void work(int rank, double seconds, double time);
  void expect_shared_end(int node);
  void meet(int rank, double time);
  void exchange(Task& task, std::size_t part, std::size_t last_to_come, double time);
  void finish(int rank, double time);
  void report(int rank, Event event, double time, int step = SimulatedStep::none);
  void handle_message();

  World world_;
  std::map<int, Rank> ranks_;
  std::map<int, SharedNode> nodes_;
  std::priority_queue<Moment, std::vector<Moment>, std::greater<>> moments_;
  std::uint64_t next_order_ = 0;
  std::deque<Report> reports_;
  std::vector<SimulatedStep> steps_;
  SentBytes bytes_;
  double orchestrator_ = 0.0;  // its clock
  double orchestrator_busy_ = 0.0;
  int last_heard_ = SimulatedStep::none;
};

// The chain of steps of which each had to wait for the one before, from `begin` on to the last that ended by `end`,
// oldest first.
std::vector<SimulatedStep> critical_path(const std::vector<SimulatedStep>& steps, double begin, double end);

}  // namespace ballast
