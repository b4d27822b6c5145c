#include "workers/gpu_kernels/kernels.h"

namespace ballast::gpu {

const Kernels& reference_kernels() {
  static constexpr Kernels kernels{.add_norm = add_norm_reference,
                                   .decode_attention = decode_attention_reference,
                                   .gated_product = gated_product_reference,
                                   .gather_log_probs = gather_log_probs_reference,
                                   .logit_gradients = logit_gradients_reference,
                                   .rotate_into_cache = rotate_into_cache_reference,
                                   .sample_tokens = sample_tokens_reference};
  return kernels;
}

}  // namespace ballast::gpu
