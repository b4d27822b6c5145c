#include "workers/gpu_kernels/kernels.h"

namespace ballast::gpu {

const Kernels* cuda_kernels() { return nullptr; }

}  // namespace ballast::gpu
