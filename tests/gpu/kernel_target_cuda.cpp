#include "tests/workers/gpu_kernels/kernel_target.h"
#include "workers/device.h"

namespace ballast {

KernelTarget kernel_target() {
  if (!cuda_obstacle().empty()) return {};
  return {.kernels = gpu::cuda_kernels(), .device = cuda_device_of(0)};
}

}  // namespace ballast
