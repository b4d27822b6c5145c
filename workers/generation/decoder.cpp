#include "workers/generation/decoder.h"

#include "workers/generation/cpu_decoder.h"
#include "workers/generation/gpu_decoder.h"

namespace ballast {

std::unique_ptr<Decoder> make_decoder(const CausalLM& model, const DecoderSettings& settings) {
  if (model.device().is_cuda()) {
    TORCH_CHECK(gpu::cuda_kernels() != nullptr, "a model on a GPU in a program without kernels for GPUs");
    return std::make_unique<GpuDecoder>(model, settings, *gpu::cuda_kernels());
  }
  return std::make_unique<CpuDecoder>(model, settings);
}

}  // namespace ballast
