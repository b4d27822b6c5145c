// Whose kernels a test program holds against the plain C++ ones: each program links one definition of kernel_target.
#pragma once
#include <c10/core/Device.h>

#include "workers/gpu_kernels/kernels.h"

namespace ballast {

struct KernelTarget {
  const gpu::Kernels* kernels = nullptr;  // null: there is no such device here, tests skip
  c10::Device device = c10::kCPU;         // where their arrays lie
};

KernelTarget kernel_target();

}  // namespace ballast
