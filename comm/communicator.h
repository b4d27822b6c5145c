// Moves tensors between the ranks of one group. Knows no role, no algorithm and no tensor library: a buffer is a
// pointer, a count and a dtype, as in NCCL. Every operation is asynchronous and returns a Work; every wait has a
// deadline.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "comm/rank_group.h"

namespace ballast {

enum class DType : std::uint8_t { float32, bfloat16, int64 };
enum class ReduceOp : std::uint8_t { sum, max };

std::size_t size_of(DType dtype);  // bytes of one element

// Typed memory that the caller owns and keeps alive, untouched, until the operation's Work is done. May lie on a
// device.
struct Buffer {
  void* data = nullptr;
  std::int64_t count = 0;  // elements
  DType dtype = DType::float32;
};
struct ConstBuffer {
  const void* data = nullptr;
  std::int64_t count = 0;  // elements
  DType dtype = DType::float32;

  ConstBuffer() = default;
  ConstBuffer(const void* data_in, std::int64_t count_in, DType dtype_in)
      : data(data_in), count(count_in), dtype(dtype_in) {}
  ConstBuffer(const Buffer& b) : data(b.data), count(b.count), dtype(b.dtype) {}  // NOLINT: a Buffer is readable
};

// A transfer failed or did not finish in time; the message names operation, group, this rank and what is missing.
struct CommunicationError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One operation under way. Copyable handle; dropping it does not cancel the operation.
class Work {
 public:
  // What a transport keeps for an operation.
  class State {
   public:
    virtual ~State() = default;
    virtual bool done() const = 0;
    virtual void wait(std::chrono::milliseconds timeout) = 0;  // throws CommunicationError
  };

  explicit Work(std::shared_ptr<State> state) : state_(std::move(state)) {}
  bool done() const { return state_->done(); }
  // Blocks, asleep, until the operation is done. Throws CommunicationError when it failed or `timeout` has passed.
  void wait(std::chrono::milliseconds timeout) { state_->wait(timeout); }

 private:
  std::shared_ptr<State> state_;
};

// Peers are indices into the group, not world ranks.
struct Send {
  int to = 0;
  ConstBuffer buffer;
};
struct Receive {
  int from = 0;
  Buffer buffer;
};

struct CommunicatorConfig {
  std::int64_t max_elements_per_call = 1 << 28;  // larger operations are cut into pieces of at most this many elements
  std::chrono::milliseconds blocking_timeout{60'000};  // deadline of calls that wait by themselves: split, World's own
};

// All ranks of the group make the same calls in the same order.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual const RankGroup& group() const = 0;

  // In place: afterwards every rank holds the element-wise reduction.
  virtual Work all_reduce(Buffer buffer, ReduceOp op) = 0;
  // `input` is [size * output.count]; rank i receives the reduction of the i-th part. `output` may be that part of
  // `input`.
  virtual Work reduce_scatter(ConstBuffer input, Buffer output, ReduceOp op) = 0;
  // `output` is [size * input.count], in group order. `input` may be this rank's part of `output`.
  virtual Work all_gather(ConstBuffer input, Buffer output) = 0;
  virtual Work broadcast(Buffer buffer, int root) = 0;
  // One grouped point-to-point operation: all receives and sends are posted before any is waited for. Messages between
  // two ranks match in the order of their posting. A rank may send to itself (a local copy).
  virtual Work exchange(std::vector<Send> sends, std::vector<Receive> receives) = 0;
  virtual Work barrier() = 0;

  // A communicator for the ranks at `members` (indices into this group, in the new order); every rank of this group
  // calls it with the same arguments. Ranks that are not members receive nullptr.
  virtual std::unique_ptr<Communicator> split(std::string name, std::vector<int> members) = 0;

  // The buffer will take part in many operations, and stays until the communicator is gone: a transport may prepare for
  // it.
  virtual void keep(Buffer /*buffer*/) {}

  // Ends every operation under way and every later one, here and on the peers, in this group and in the groups split
  // from it, with a CommunicationError. May be called from any thread. Buffers of the operations it ends may still be
  // written to until the process ends.
  virtual void abort(const std::string& reason) = 0;

  Work send(int to, ConstBuffer buffer) { return exchange({{to, buffer}}, {}); }
  Work recv(int from, Buffer buffer) { return exchange({}, {{from, buffer}}); }
};

}  // namespace ballast
