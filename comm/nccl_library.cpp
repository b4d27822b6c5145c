#include "comm/nccl_library.h"

#include <cuda_runtime.h>
#include <fmt/format.h>
#include <nccl.h>

#include <array>
#include <cstring>
#include <utility>

namespace ballast {
namespace {

void check(cudaError_t code, const char* call) {
  if (code != cudaSuccess) throw CommunicationError(fmt::format("{}: {}", call, cudaGetErrorString(code)));
}

// A call that is under way is none that failed: NcclHandle::ready tells how it ends.
void check(ncclResult_t code, const char* call) {
  if (code == ncclSuccess || code == ncclInProgress) return;
  throw CommunicationError(fmt::format("{}: {}; {}", call, ncclGetErrorString(code), ncclGetLastError(nullptr)));
}

ncclDataType_t nccl_type(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return ncclFloat32;
    case DType::bfloat16:
      return ncclBfloat16;
    case DType::int64:
      return ncclInt64;
  }
  throw std::invalid_argument("nccl_type: unknown dtype");
}

ncclRedOp_t nccl_op(ReduceOp op) { return op == ReduceOp::sum ? ncclSum : ncclMax; }

class CudaMark : public StreamMark {
 public:
  explicit CudaMark(cudaStream_t stream) {
    check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreate");
    check(cudaEventRecord(event_, stream), "cudaEventRecord");
  }
  ~CudaMark() override { cudaEventDestroy(event_); }
  CudaMark(const CudaMark&) = delete;
  CudaMark& operator=(const CudaMark&) = delete;

  bool reached() const override {
    const auto code = cudaEventQuery(event_);
    if (code == cudaErrorNotReady) return false;
    check(code, "cudaEventQuery");
    return true;
  }
  cudaEvent_t event() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

class CudaHandle : public NcclHandle {
 public:
  // NCCL writes the communicator there, at once or, where it is split off, when it is made.
  using Place = std::shared_ptr<ncclComm_t>;

  CudaHandle(Place comm, Place parent, cudaStream_t stream)
      : comm_(std::move(comm)), parent_(std::move(parent)), stream_(stream) {}

  bool ready() override {
    if (parent_ && !ready(*parent_)) return false;
    parent_.reset();
    return *comm_ == nullptr || ready(*comm_);  // nullptr: of a split that this rank is no member of
  }

  void all_reduce(Buffer buffer, ReduceOp op) override {
    check(ncclAllReduce(buffer.data, buffer.data, buffer.count, nccl_type(buffer.dtype), nccl_op(op), *comm_, stream_),
          "ncclAllReduce");
  }
  void reduce(ConstBuffer input, Buffer output, ReduceOp op, int root) override {
    check(ncclReduce(input.data, output.data, input.count, nccl_type(input.dtype), nccl_op(op), root, *comm_, stream_),
          "ncclReduce");
  }
  void reduce_scatter(ConstBuffer input, Buffer output, ReduceOp op) override {
    check(
        ncclReduceScatter(input.data, output.data, output.count, nccl_type(output.dtype), nccl_op(op), *comm_, stream_),
        "ncclReduceScatter");
  }
  void all_gather(ConstBuffer input, Buffer output) override {
    check(ncclAllGather(input.data, output.data, input.count, nccl_type(input.dtype), *comm_, stream_),
          "ncclAllGather");
  }
  void broadcast(ConstBuffer input, Buffer output, int root) override {
    check(ncclBroadcast(input.data, output.data, output.count, nccl_type(output.dtype), root, *comm_, stream_),
          "ncclBroadcast");
  }
  void send(int to, ConstBuffer buffer) override {
    check(ncclSend(buffer.data, buffer.count, nccl_type(buffer.dtype), to, *comm_, stream_), "ncclSend");
  }
  void receive(int from, Buffer buffer) override {
    check(ncclRecv(buffer.data, buffer.count, nccl_type(buffer.dtype), from, *comm_, stream_), "ncclRecv");
  }

  std::unique_ptr<NcclHandle> split(bool member, int key) override {
    auto child = std::make_shared<ncclComm_t>(nullptr);
    const int color = member ? 0 : NCCL_SPLIT_NOCOLOR;
    check(ncclCommSplit(*comm_, color, key, child.get(), /*config=*/nullptr), "ncclCommSplit");  // the parent's
    return std::make_unique<CudaHandle>(std::move(child), comm_, stream_);
  }

  void keep(Buffer buffer) override {
    void* registration = nullptr;
    // NCCL works without as well, and says so on links where it makes no difference.
    static_cast<void>(ncclCommRegister(*comm_, buffer.data, buffer.count * size_of(buffer.dtype), &registration));
  }

  void abort() override {
    if (*comm_ != nullptr) static_cast<void>(ncclCommAbort(std::exchange(*comm_, nullptr)));
  }

 private:
  static bool ready(ncclComm_t comm) {
    ncclResult_t state = ncclSuccess;
    check(ncclCommGetAsyncError(comm, &state), "ncclCommGetAsyncError");
    check(state, "NCCL");
    return state == ncclSuccess;
  }

  Place comm_;
  Place parent_;  // until it has made this one
  cudaStream_t stream_;
};

class CudaLibrary : public NcclLibrary {
 public:
  explicit CudaLibrary(CudaLink link) : link_(std::move(link)) {
    check(cudaSetDevice(link_.device), "cudaSetDevice");
    int lowest = 0;
    int highest = 0;
    check(cudaDeviceGetStreamPriorityRange(&lowest, &highest), "cudaDeviceGetStreamPriorityRange");
    check(cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking, highest), "cudaStreamCreate");
  }

  std::string unique_id() override {
    ncclUniqueId id;
    check(ncclGetUniqueId(&id), "ncclGetUniqueId");
    return {id.internal, sizeof id.internal};
  }

  std::unique_ptr<NcclHandle> connect(const std::string& unique_id, int ranks, int index) override {
    ncclUniqueId id;
    unique_id.copy(id.internal, sizeof id.internal);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    auto comm = std::make_shared<ncclComm_t>(nullptr);
    check(ncclCommInitRankConfig(comm.get(), ranks, id, index, &config), "ncclCommInitRankConfig");
    return std::make_unique<CudaHandle>(std::move(comm), nullptr, stream_);
  }

  void begin_group() override { check(ncclGroupStart(), "ncclGroupStart"); }
  void end_group() override { check(ncclGroupEnd(), "ncclGroupEnd"); }

  void copy(ConstBuffer from, Buffer to) override {
    const auto bytes = to.count * size_of(to.dtype);
    check(cudaMemcpyAsync(to.data, from.data, bytes, cudaMemcpyDeviceToDevice, stream_), "cudaMemcpyAsync");
  }

  std::shared_ptr<StreamMark> mark_compute() override {
    return std::make_shared<CudaMark>(static_cast<cudaStream_t>(link_.compute_stream()));
  }
  void wait_for(const StreamMark& mark) override {
    const auto event = static_cast<const CudaMark&>(mark).event();
    check(cudaStreamWaitEvent(stream_, event, 0), "cudaStreamWaitEvent");
  }
  std::shared_ptr<StreamMark> mark() override { return std::make_shared<CudaMark>(stream_); }

 private:
  CudaLink link_;
  cudaStream_t stream_ = nullptr;
};

}  // namespace

std::shared_ptr<NcclLibrary> open_nccl(const CudaLink& link) {
  int devices = 0;
  const auto code = cudaGetDeviceCount(&devices);
  if (code != cudaSuccess) throw CommunicationError(fmt::format("no CUDA device: {}", cudaGetErrorString(code)));
  return std::make_shared<CudaLibrary>(link);
}

}  // namespace ballast
