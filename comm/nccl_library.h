// What NcclCommunicator needs of NCCL and CUDA: one device, one stream for all communicators of the process. Nothing
// here blocks; everything throws CommunicationError. All on the comm thread but where something else is said.
#pragma once
#include <memory>
#include <string>

#include "comm/communicator.h"
#include "comm/cuda_link.h"

namespace ballast {

// A place in a stream.
class StreamMark {
 public:
  virtual ~StreamMark() = default;
  // Whether everything before it is done.
  virtual bool reached() const = 0;
};

// One NCCL communicator. Calls go to the comm stream; inside a group of calls nothing is started.
class NcclHandle {
 public:
  virtual ~NcclHandle() = default;

  // Whether NCCL has taken up what was called last; only then may more be called. Throws what went wrong since.
  virtual bool ready() = 0;
  virtual void all_reduce(Buffer buffer, ReduceOp op) = 0;
  // `output` counts on the root alone.
  virtual void reduce(ConstBuffer input, Buffer output, ReduceOp op, int root) = 0;
  virtual void reduce_scatter(ConstBuffer input, Buffer output, ReduceOp op) = 0;
  virtual void all_gather(ConstBuffer input, Buffer output) = 0;
  // `input` counts on the root alone; `output` may be the same memory.
  virtual void broadcast(ConstBuffer input, Buffer output, int root) = 0;
  virtual void send(int to, ConstBuffer buffer) = 0;
  virtual void receive(int from, Buffer buffer) = 0;
  // Collective over this communicator: one for the ranks that are members, in the order of `key`. Usable when ready,
  // which the parent is not before.
  virtual std::unique_ptr<NcclHandle> split(bool member, int key) = 0;
  // The buffer will be used often, and stays: NCCL may move it without copies of its own.
  virtual void keep(Buffer buffer) = 0;
  // Ends kernels that wait for a peer. The handle is of no use any more.
  virtual void abort() = 0;
};

class NcclLibrary {
 public:
  virtual ~NcclLibrary() = default;

  // For one communicator; one rank makes it and tells the others.
  virtual std::string unique_id() = 0;
  // Begins to connect this rank; usable when ready.
  virtual std::unique_ptr<NcclHandle> connect(const std::string& unique_id, int ranks, int index) = 0;

  virtual void begin_group() = 0;
  virtual void end_group() = 0;
  virtual void copy(ConstBuffer from, Buffer to) = 0;

  // The place in the compute stream that it has come to; on the thread whose stream it is.
  virtual std::shared_ptr<StreamMark> mark_compute() = 0;
  // The comm stream waits for it.
  virtual void wait_for(const StreamMark& mark) = 0;
  // The place in the comm stream.
  virtual std::shared_ptr<StreamMark> mark() = 0;
};

// Throws CommunicationError, also in a build without NCCL. On the comm thread.
std::shared_ptr<NcclLibrary> open_nccl(const CudaLink& link);

}  // namespace ballast
