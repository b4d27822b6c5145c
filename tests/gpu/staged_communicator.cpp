#include "tests/gpu/staged_communicator.h"

#include <cuda_runtime.h>

#include <functional>
#include <stdexcept>
#include <utility>

namespace ballast {
namespace {

void check(cudaError_t code) {
  if (code != cudaSuccess) throw std::runtime_error(cudaGetErrorString(code));
}

// Memory on the device that is never given back: cudaFree waits for all kernels, and those of NCCL wait for other
// ranks.
class Arena {
 public:
  void* take(std::size_t bytes) {
    if (begin_ == nullptr) check(cudaMalloc(&begin_, size));
    const std::size_t offset = taken_;
    taken_ += (bytes + 511) / 512 * 512;
    if (taken_ > size) throw std::runtime_error("the tests need a larger arena");
    return static_cast<std::byte*>(begin_) + offset;
  }

 private:
  static constexpr std::size_t size = std::size_t{1} << 30;
  void* begin_ = nullptr;
  std::size_t taken_ = 0;
};

Arena& arena() {
  static Arena arena;
  return arena;
}

// A copy of a buffer on the device.
class DeviceBuffer {
 public:
  explicit DeviceBuffer(ConstBuffer host)
      : bytes_(host.count * size_of(host.dtype)), count_(host.count), dtype_(host.dtype), data_(arena().take(bytes_)) {
    check(cudaMemcpy(data_, host.data, bytes_, cudaMemcpyHostToDevice));
  }

  Buffer buffer() const { return {data_, count_, dtype_}; }
  void bring_back(void* host) const { check(cudaMemcpy(host, data_, bytes_, cudaMemcpyDeviceToHost)); }

 private:
  std::size_t bytes_;
  std::int64_t count_;
  DType dtype_;
  void* data_;
};

using Staged = std::shared_ptr<DeviceBuffer>;

Staged stage(ConstBuffer host) { return std::make_shared<DeviceBuffer>(host); }

class StagedWork : public Work::State {
 public:
  // `bring_back` runs once, after the work.
  StagedWork(Work work, std::function<void()> bring_back)
      : work_(std::move(work)), bring_back_(std::move(bring_back)) {}

  bool done() const override { return work_.done(); }
  void wait(std::chrono::milliseconds timeout) override {
    work_.wait(timeout);
    if (bring_back_) std::exchange(bring_back_, nullptr)();
  }

 private:
  Work work_;
  std::function<void()> bring_back_;
};

Work staged(Work work, std::function<void()> bring_back) {
  return Work(std::make_shared<StagedWork>(std::move(work), std::move(bring_back)));
}

class StagedCommunicator : public Communicator {
 public:
  explicit StagedCommunicator(std::unique_ptr<Communicator> comm) : comm_(std::move(comm)) {}

  const RankGroup& group() const override { return comm_->group(); }
  Work all_reduce(Buffer buffer, ReduceOp op) override {
    const auto copy = stage(buffer);
    return staged(comm_->all_reduce(copy->buffer(), op), [=] { copy->bring_back(buffer.data); });
  }
  Work reduce_scatter(ConstBuffer input, Buffer output, ReduceOp op) override {
    const auto out = stage(output);
    return staged(comm_->reduce_scatter(stage(input)->buffer(), out->buffer(), op),
                  [=] { out->bring_back(output.data); });
  }
  Work all_gather(ConstBuffer input, Buffer output) override {
    const auto out = stage(output);
    return staged(comm_->all_gather(stage(input)->buffer(), out->buffer()), [=] { out->bring_back(output.data); });
  }
  Work broadcast(Buffer buffer, int root) override {
    const auto copy = stage(buffer);
    return staged(comm_->broadcast(copy->buffer(), root), [=] { copy->bring_back(buffer.data); });
  }
  Work exchange(std::vector<Send> sends, std::vector<Receive> receives) override {
    for (auto& send : sends) send.buffer = stage(send.buffer)->buffer();
    std::vector<std::pair<Staged, void*>> arriving;  // and where they are wanted
    for (auto& receive : receives) {
      arriving.emplace_back(stage(receive.buffer), receive.buffer.data);
      receive.buffer = arriving.back().first->buffer();
    }
    return staged(comm_->exchange(std::move(sends), std::move(receives)), [arriving] {
      for (const auto& [copy, host] : arriving) copy->bring_back(host);
    });
  }
  Work barrier() override { return comm_->barrier(); }
  std::unique_ptr<Communicator> split(std::string name, std::vector<int> members) override {
    auto child = comm_->split(std::move(name), std::move(members));
    return child ? stage_on_device(std::move(child)) : nullptr;
  }
  void abort(const std::string& reason) override { comm_->abort(reason); }

 private:
  std::unique_ptr<Communicator> comm_;
};

}  // namespace

int cuda_device_count() {
  int devices = 0;
  return cudaGetDeviceCount(&devices) == cudaSuccess ? devices : 0;
}

bool has_cuda_device() { return cuda_device_count() > 0; }

void choose_cuda_device(int rank) { check(cudaSetDevice(rank % cuda_device_count())); }

std::unique_ptr<Communicator> stage_on_device(std::unique_ptr<Communicator> on_device) {
  return std::make_unique<StagedCommunicator>(std::move(on_device));
}

}  // namespace ballast
