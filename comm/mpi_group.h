// One group's MPI side: each call becomes a Piece. Counts fit an int. MPI itself is seen in the source file only.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "comm/arrivals.h"
#include "comm/piecewise_operation.h"

namespace ballast {

// Initialises MPI (thread support SERIALIZED); on the comm thread. Throws CommunicationError.
void initialise_mpi(int* argc, char*** argv);
void finalise_mpi();

// Made, polled and closed on the comm thread, which keeps it until it stops. Listens for what a peer tells: that it
// aborts, or that it asks how far this rank is, or answers that.
class MpiGroup : public Listener {
 public:
  // All ranks of the job, group name 'world'.
  static std::shared_ptr<MpiGroup> create_world(CommThread& thread);
  // Collective over this group, blocking; on the comm thread. Null on ranks that are no members.
  std::shared_ptr<MpiGroup> create_child(const std::vector<int>& members, const RankGroup& ranks);
  ~MpiGroup() override;

  const RankGroup& ranks() const { return ranks_; }

  Piece all_reduce(Buffer buffer, ReduceOp op) const;
  // `input` holds one part for each rank, of which `slice` is reduced; `output` has slice.count elements.
  Piece reduce_scatter(ConstBuffer input, Slice slice, Buffer output, ReduceOp op) const;
  // Rank i's input arrives at element i * stride of `output`, whose own count is not used.
  Piece all_gather(ConstBuffer input, Buffer output, std::int64_t stride) const;
  Piece broadcast(Buffer buffer, int root) const;
  Piece send(int to, ConstBuffer buffer) const;
  Piece receive(int from, Buffer buffer) const;
  Piece barrier() const;
  // Ends the operations of the peer's group; long reasons are cut.
  Piece tell_abort(int peer, const std::string& why) const;

  // How far this rank is; from any thread.
  Arrivals& arrivals() { return arrivals_; }
  // Forgets what is known of the peers' tallies and asks for them; on the comm thread.
  void ask_arrivals();
  const std::map<int, Tally>& known_arrivals() const { return known_arrivals_; }

  // Why the group's operations have been ended; empty: they have not. On the comm thread.
  const std::string& ended() const { return ended_; }
  // Ends all operations of this group and of the groups split from it, now and later; on the comm thread.
  void end(const std::string& why);

  void poll() override;
  void close() override;

 private:
  struct Handles;  // MPI's
  struct Notice;
  MpiGroup(CommThread& thread, RankGroup ranks, std::unique_ptr<Handles> handles);

  Piece tell(int peer, const Notice& notice) const;
  void listen();
  void hear(const Notice& notice);

  CommThread& thread_;
  const RankGroup ranks_;
  const std::unique_ptr<Handles> mpi_;
  std::vector<std::shared_ptr<MpiGroup>> children_;
  std::string ended_;
  Arrivals arrivals_;
  std::map<int, Tally> known_arrivals_;  // by peer
  std::vector<Piece::Test> being_told_;  // questions and answers under way
};

}  // namespace ballast
