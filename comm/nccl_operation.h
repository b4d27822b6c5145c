// An operation over NCCL: its pieces are put into the comm stream one after the other, and it is done when the stream
// is through with the last.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "comm/comm_thread.h"
#include "comm/nccl_group.h"

namespace ballast {

class NcclOperation : public Operation {
 public:
  struct Plan {
    std::vector<std::function<void(NcclGroup&)>> pieces;  // one call, or one group of calls, each
    std::shared_ptr<StreamMark> inputs;                   // where the compute stream has produced the buffers
    // For a wait that has timed out, on the waiter's thread: which ranks have not come; and to tell the peers.
    std::function<std::vector<int>()> find_missing;
    std::function<void(const std::string& why)> abort_group;
  };
  // All operations of a process are one sequence: ranks that enqueued kernels of several groups in different orders
  // would wait for each other for ever.
  NcclOperation(std::string label, std::shared_ptr<NcclGroup> group, Plan plan);

  bool advance() override;
  bool posted() const override { return marks_.size() == plan_.pieces.size(); }

 protected:
  std::vector<int> missing() override { return plan_.find_missing(); }
  std::string progress() const override;
  // A kernel that waits for a peer cannot be taken back: its group ends, here and on the peers.
  void give_up(const std::string& message) override { plan_.abort_group(message); }

 private:
  bool work();
  bool post_pieces();
  bool test_pieces();

  const std::shared_ptr<NcclGroup> group_;
  const Plan plan_;
  bool called_ = false;                             // the next piece, which NCCL has not yet taken up
  std::vector<std::shared_ptr<StreamMark>> marks_;  // behind each piece that is in the stream
  std::atomic<std::size_t> reached_ = 0;            // of the marks
};

}  // namespace ballast
