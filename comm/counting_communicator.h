// Counts the bytes that leave this rank through a communicator.
#pragma once
#include <memory>

#include "comm/communicator.h"

namespace ballast {

// By kind of operation. Of a collective what a rank sends at least, which rings reach: (n-1)/n of the whole for a
// reduce_scatter or an all_gather over n ranks, twice that for an all_reduce; of a broadcast n-1 copies, at its root. A
// copy to oneself moves nothing.
struct MovedBytes {
  std::int64_t reduced = 0;   // all_reduce, reduce_scatter
  std::int64_t gathered = 0;  // all_gather, broadcast
  std::int64_t copied = 0;    // exchange

  std::int64_t total() const { return reduced + gathered + copied; }
};

class CountingCommunicator : public Communicator {
 public:
  // Both outlive this. The count is touched by one thread at a time.
  CountingCommunicator(Communicator& inner, MovedBytes& moved) : inner_(inner), moved_(moved) {}

  const RankGroup& group() const override { return inner_.group(); }
  Work all_reduce(Buffer buffer, ReduceOp op) override;
  Work reduce_scatter(ConstBuffer input, Buffer output, ReduceOp op) override;
  Work all_gather(ConstBuffer input, Buffer output) override;
  Work broadcast(Buffer buffer, int root) override;
  Work exchange(std::vector<Send> sends, std::vector<Receive> receives) override;
  Work barrier() override { return inner_.barrier(); }
  // Not counted.
  std::unique_ptr<Communicator> split(std::string name, std::vector<int> members) override;
  void keep(Buffer buffer) override { inner_.keep(buffer); }
  void abort(const std::string& reason) override { inner_.abort(reason); }

 private:
  std::int64_t others() const { return group().size() - 1; }

  Communicator& inner_;
  MovedBytes& moved_;
};

}  // namespace ballast
