// All kernels of one kind of device.
#pragma once
#include "workers/gpu_kernels/add_norm.h"
#include "workers/gpu_kernels/decode_attention.h"
#include "workers/gpu_kernels/gated_product.h"
#include "workers/gpu_kernels/logit_rows.h"
#include "workers/gpu_kernels/rotate_into_cache.h"
#include "workers/gpu_kernels/sample_tokens.h"

namespace ballast::gpu {

// Pointers lie in the device's memory and outlive the kernel's end. Launches do not wait; a launch that the device
// refuses throws std::runtime_error.
struct Kernels {
  void (*add_norm)(const AddNorm&, Stream) = nullptr;
  void (*decode_attention)(const DecodeAttention&, Stream) = nullptr;
  void (*gated_product)(const GatedProduct&, Stream) = nullptr;
  void (*gather_log_probs)(const GatherLogProbs&, Stream) = nullptr;
  void (*logit_gradients)(const LogitGradients&, Stream) = nullptr;
  void (*rotate_into_cache)(const RotateIntoCache&, Stream) = nullptr;
  void (*sample_tokens)(const SampleTokens&, Stream) = nullptr;
};

// Plain C++, for memory of the CPU: what each kernel means.
const Kernels& reference_kernels();

// For NVIDIA GPUs; null in a build without CUDA.
const Kernels* cuda_kernels();

}  // namespace ballast::gpu
