// Between tensors and the kernels of gpu_kernels.
#pragma once
#include <torch/types.h>

#include "workers/gpu_kernels/kernels.h"

namespace ballast {

// Where the calling thread's work on the device is put in line now.
gpu::Stream kernel_stream(c10::Device device);

// Float32 or bfloat16; throws c10::Error for another dtype.
ComputeDType compute_dtype_of(const torch::Tensor& tensor);

}  // namespace ballast
