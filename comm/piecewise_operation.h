// An operation as a list of calls to the transport, for transports that limit the elements of one call.
#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "comm/comm_thread.h"

namespace ballast {

// Elements [begin, begin + count) of a buffer; count fits an int.
struct Slice {
  std::int64_t begin = 0;
  int count = 0;
};

// At least one slice, be it empty: ranks meet in empty operations as well.
std::vector<Slice> cut(std::int64_t count, std::int64_t longest);
Buffer part(Buffer buffer, Slice slice);
ConstBuffer part(ConstBuffer buffer, Slice slice);

// One non-blocking call.
struct Piece {
  using Test = std::function<bool()>;  // true: the call has completed; throws when it failed
  std::function<Test()> post;
  int peer = -1;  // point-to-point: the other rank's index in the group
};

struct PiecewisePlan {
  std::vector<Piece> pieces;
  std::size_t window = 2;        // pieces in flight together: one runs while the next starts
  std::function<void()> last{};  // runs after all pieces; may be empty
  // Finds out, for a wait that has timed out, which ranks have not come; empty: the peers of open messages.
  std::function<std::vector<int>()> find_missing{};
};

// Posts the pieces in order. While point-to-point pieces are under way, a timeout names their peers.
class PiecewiseOperation : public Operation {
 public:
  PiecewiseOperation(std::string label, const void* sequence, PiecewisePlan plan);

  bool advance() override;
  bool posted() const override { return next_ == plan_.pieces.size() && !plan_.last; }

 protected:
  std::vector<int> missing() override { return plan_.find_missing ? plan_.find_missing() : Completion::missing(); }

 private:
  struct Call {
    Piece::Test test;
    int peer;
  };

  bool test_calls();
  bool post_calls();
  void report_missing();

  PiecewisePlan plan_;
  std::size_t next_ = 0;
  std::vector<Call> calls_;
  std::map<int, int> open_messages_;  // peer -> pieces that have not completed
};

}  // namespace ballast
