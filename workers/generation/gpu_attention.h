// Attention of the decoder's rows on a GPU: their keys and values go into the cache, then each row sees its sequence.
#pragma once
#include <functional>

#include "workers/generation/gpu_cache.h"
#include "workers/gpu_kernels/kernels.h"
#include "workers/model/attention.h"

namespace ballast {

// Rows of a forward pass, int64 on the device.
struct SlotRows {
  at::Tensor tokens_N;
  at::Tensor slots_N;
  at::Tensor positions_N;  // of the token in its sequence; -1: the row is idle

  gpu::CacheRows places() const;
};

// Queries, keys and values of the rows' tokens, [N, H + 2K, D] and contiguous. Keys and queries are turned here, in
// place, if frequencies_F is defined. Returns [N, H, D].
using AttendRows =
    std::function<at::Tensor(const AttentionSite& site, const at::Tensor& qkv, const at::Tensor& frequencies_F)>;

// Whose keys and values go where, by which kernels; all three outlive what is made of them.
struct CacheUse {
  const gpu::Kernels& kernels;
  const GpuCache& cache;
  const SlotRows& rows;
};

// Rows that come one to a slot and see what the cache has of it.
AttendRows cached_rows(const CacheUse& use);

// Whole prompts, packed, each the first in its slot.
AttendRows prompt_rows(const CacheUse& use, const std::vector<std::int64_t>& cu_lengths);

}  // namespace ballast
