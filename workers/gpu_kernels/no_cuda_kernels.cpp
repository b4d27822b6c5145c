#include "workers/gpu_kernels/kernels.h"

namespace ballast {

const Kernels* cuda_kernels() { return nullptr; }

}  // namespace ballast
