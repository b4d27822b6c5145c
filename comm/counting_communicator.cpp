#include "comm/counting_communicator.h"

#include <utility>

namespace ballast {
namespace {

std::int64_t bytes_of(const ConstBuffer& buffer) {
  return buffer.count * static_cast<std::int64_t>(size_of(buffer.dtype));
}

}  // namespace

Work CountingCommunicator::all_reduce(Buffer buffer, ReduceOp op) {
  moved_.reduced += 2 * bytes_of(buffer) * others() / group().size();
  return inner_.all_reduce(buffer, op);
}

Work CountingCommunicator::reduce_scatter(ConstBuffer input, Buffer output, ReduceOp op) {
  moved_.reduced += bytes_of(output) * others();
  return inner_.reduce_scatter(input, output, op);
}

Work CountingCommunicator::all_gather(ConstBuffer input, Buffer output) {
  moved_.gathered += bytes_of(input) * others();
  return inner_.all_gather(input, output);
}

Work CountingCommunicator::broadcast(Buffer buffer, int root) {
  if (root == group().index) moved_.gathered += bytes_of(buffer) * others();
  return inner_.broadcast(buffer, root);
}

Work CountingCommunicator::exchange(std::vector<Send> sends, std::vector<Receive> receives) {
  for (const auto& send : sends) {
    if (send.to != group().index) moved_.copied += bytes_of(send.buffer);
  }
  return inner_.exchange(std::move(sends), std::move(receives));
}

std::unique_ptr<Communicator> CountingCommunicator::split(std::string name, std::vector<int> members) {
  return inner_.split(std::move(name), std::move(members));
}

}  // namespace ballast
