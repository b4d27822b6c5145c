// Attention of packed sequences by the CPU's own kernel.
#pragma once
#include "workers/model/attention.h"

namespace ballast {

// As packed_attention, for an input that has its heads joined and suits the kernels. Differentiable in `joined_NHD`.
torch::Tensor attend_joined(const AttentionSite& site, const AttentionInput& input,
                            const std::vector<std::int64_t>& cu_lengths);

}  // namespace ballast
