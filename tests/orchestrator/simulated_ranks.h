// Ranks that only pretend to work: they take commands from their queues under rendezvous semantics (a send is done when
// its receive is posted, a collective when all its ranks are in it) and interleave at random. A model's shards meet in
// every command that works on it, its replicas in learning as well.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "orchestrator/rank_queues.h"

namespace ballast {

class SimulatedRanks : public RankQueues {
 public:
  // What a rank reports when it has finished a command; by default nothing but the number.
  using Answer = std::function<Event(const Command&, int rank)>;
  // Roles that are not placed have no collectives.
  explicit SimulatedRanks(std::uint64_t seed, Answer answer = {}, Placement placement = {})
      : random_(seed), answer_(std::move(answer)), placement_(std::move(placement)) {}

  void append(const std::vector<Command>& commands) override;
  // Lets ranks work until there is an event. Nothing: no rank can go on, all wait for one another or have nothing to
  // do.
  std::optional<std::variant<RankEvent, RankLost>> next(std::chrono::milliseconds timeout) override;

  // Work is left and nobody can do it.
  bool deadlocked() const;
  // The mutants of the deadlock test.
  void swap_in_queue(int rank, std::uint64_t first, std::uint64_t second);
  void withhold(int rank, std::uint64_t number);
  // Batches that live on a rank now, and the most there have been on any rank.
  std::size_t most_batches_held() const { return most_batches_held_; }
  // Every command that the rank was given, in queue order.
  const std::vector<Command>& history(int rank) { return histories_[rank]; }

 private:
  struct Rank {
    std::deque<Command> queue;
    bool posted = false;    // the first command has started
    std::size_t round = 0;  // collectives of the first command that it has been through
    std::set<std::uint64_t> finished;
    std::set<std::uint64_t> batches;
  };

  bool advance(int index);
  bool peers_are_there(int index, const Command& command, const std::vector<std::vector<int>>& collectives) const;
  bool is_at(int rank, std::uint64_t number, std::size_t round) const;
  std::vector<std::vector<int>> collectives_of(const Command& command, int index) const;
  void finish(int index);
  void hold_or_free(Rank& rank, const Command& command);

  std::mt19937_64 random_;
  Answer answer_;
  Placement placement_;
  std::map<int, Rank> ranks_;
  std::map<int, std::vector<Command>> histories_;
  std::deque<RankEvent> events_;
  std::set<std::pair<int, std::uint64_t>> withheld_;
  std::size_t most_batches_held_ = 0;
};

}  // namespace ballast
