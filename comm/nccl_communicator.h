// The Communicator over NCCL: buffers lie on this rank's CUDA device. A communicator over MPI between the same ranks
// controls it: carries the unique id, splits, barriers and aborts, and tells which ranks have not come.
//
// A wait that times out ends the group, here and on its peers: unlike MPI's, an operation of NCCL that is late cannot
// arrive after its deadline. Message lengths are not checked: NCCL does not carry them.
#pragma once
#include <memory>

#include "comm/mpi_communicator.h"
#include "comm/nccl_group.h"

namespace ballast {

class NcclCommunicator : public Communicator {
 public:
  struct Parts {
    std::shared_ptr<NcclLibrary> library;
    std::shared_ptr<MpiCommunicator> control;
    CommunicatorConfig config;
  };
  // Collective over the group of `control`. Throws CommunicationError when the ranks are not connected within
  // config.blocking_timeout.
  static std::unique_ptr<NcclCommunicator> connect(Parts parts);
  ~NcclCommunicator() override;

  const RankGroup& group() const override { return parts_.control->group(); }
  Work all_reduce(Buffer buffer, ReduceOp op) override;
  Work reduce_scatter(ConstBuffer input, Buffer output, ReduceOp op) override;
  Work all_gather(ConstBuffer input, Buffer output) override;
  Work broadcast(Buffer buffer, int root) override;
  Work exchange(std::vector<Send> sends, std::vector<Receive> receives) override;
  // Of the ranks, not of their streams.
  Work barrier() override { return parts_.control->barrier(); }
  std::unique_ptr<Communicator> split(std::string name, std::vector<int> members) override;
  void abort(const std::string& reason) override { parts_.control->abort(reason); }
  void keep(Buffer buffer) override;

 private:
  using Pieces = std::vector<std::function<void(NcclGroup&)>>;

  NcclCommunicator(Parts parts, std::unique_ptr<NcclHandle> handle);
  // Waits until the handle that `begin` returns can be used.
  static std::unique_ptr<NcclHandle> make_handle(std::string_view operation, const Parts& parts,
                                                 std::function<std::unique_ptr<NcclHandle>()> begin);
  std::vector<Slice> slices(std::int64_t count, std::int64_t parts = 1) const;
  Work submit(std::string_view name, Pieces pieces, Needed needed);
  Work submit_collective(std::string_view name, Pieces pieces);

  Parts parts_;
  const std::shared_ptr<NcclGroup> nccl_;
};

}  // namespace ballast
