// Where a kernel is put in line.
#pragma once

namespace ballast::gpu {

// A CUDA stream (cudaStream_t). The plain C++ kernels are through when they return and look at none.
struct Stream {
  void* handle = nullptr;
};

}  // namespace ballast::gpu
