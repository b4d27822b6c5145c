// The Communicator over MPI: operations are cut into pieces that MPI can count and handed to the comm thread.
#pragma once
#include <memory>

#include "comm/comm_thread.h"
#include "comm/communicator.h"
#include "comm/mpi_group.h"

namespace ballast {

class MpiCommunicator : public Communicator {
 public:
  // Throws std::invalid_argument when config.max_elements_per_call is not in 1..2^31-1. Remains a valid object when the
  // thread has stopped; its operations then fail.
  MpiCommunicator(std::shared_ptr<CommThread> thread, std::shared_ptr<MpiGroup> group,
                  const CommunicatorConfig& config);

  const RankGroup& group() const override { return group_->ranks(); }
  Work all_reduce(Buffer buffer, ReduceOp op) override;
  Work reduce_scatter(ConstBuffer input, Buffer output, ReduceOp op) override;
  Work all_gather(ConstBuffer input, Buffer output) override;
  Work broadcast(Buffer buffer, int root) override;
  Work exchange(std::vector<Send> sends, std::vector<Receive> receives) override;
  Work barrier() override;
  std::unique_ptr<Communicator> split(std::string name, std::vector<int> members) override {
    return split_mpi(std::move(name), std::move(members));
  }
  // Waits at most config.blocking_timeout.
  std::unique_ptr<MpiCommunicator> split_mpi(std::string name, std::vector<int> members);
  // Waits at most a second until the peers have been told.
  void abort(const std::string& reason) override;

  // For a transport beside this one, whose operations this one controls.
  const std::shared_ptr<CommThread>& thread() const { return thread_; }
  const std::shared_ptr<MpiGroup>& shared_group() const { return group_; }
  // Asks the ranks how far they are; gives those that have not come, or do not answer within a second. To be called
  // on any thread but the comm thread.
  std::function<std::vector<int>()> finder_of_missing(Needed needed) const;

 private:
  std::vector<Slice> slices(std::int64_t count, std::int64_t parts = 1) const;
  Work submit(std::string_view name, PiecewisePlan plan);
  // The same for an operation that all ranks of the group take part in.
  Work submit_collective(std::string_view name, PiecewisePlan plan);

  const std::shared_ptr<CommThread> thread_;
  const std::shared_ptr<MpiGroup> group_;
  const CommunicatorConfig config_;
};

}  // namespace ballast
