// Where the buffers of a communicator over NCCL lie, and what produces them.
#pragma once
#include <functional>

namespace ballast {

struct CudaLink {
  int device = 0;  // CUDA's index
  // The stream (cudaStream_t) that the calling thread's buffers are computed on: operations wait for what it has been
  // given so far.
  std::function<void*()> compute_stream;
};

}  // namespace ballast
