#include "workers/gpu_kernels/kernels.h"

namespace ballast::gpu {

const Kernels* cuda_kernels() {
  static constexpr Kernels kernels{.add_norm = add_norm,
                                   .decode_attention = decode_attention,
                                   .gated_product = gated_product,
                                   .gather_log_probs = gather_log_probs,
                                   .logit_gradients = logit_gradients,
                                   .rotate_into_cache = rotate_into_cache,
                                   .sample_tokens = sample_tokens};
  return &kernels;
}

}  // namespace ballast::gpu
