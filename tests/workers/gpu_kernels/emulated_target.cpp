#include "tests/workers/gpu_kernels/kernel_target.h"

namespace ballast {

// cuda_kernels() is that of cuda_kernels.cu, compiled against tests/emulated_cuda.
KernelTarget kernel_target() { return {.kernels = gpu::cuda_kernels(), .device = c10::kCPU}; }

}  // namespace ballast
