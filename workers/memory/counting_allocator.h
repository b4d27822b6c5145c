// LibTorch's memory on CPUs, counted by class.
#pragma once
#include <ATen/core/Tensor.h>

#include "workers/memory/memory_count.h"

namespace ballast {

// From now on all that LibTorch allocates on CPUs is counted in `memory_count()`; what was there before is not. Each
// allocation is 64 bytes larger, which are not counted.
void count_cpu_memory();

// The memory of the tensor's storage belongs to that class from now on; nothing where it is not counted.
void count_as(MemoryClass of, const at::Tensor& tensor);

}  // namespace ballast
