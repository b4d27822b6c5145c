#include "workers/generation/gpu_cache.h"

#include "workers/model/kernel_stream.h"

namespace ballast {

gpu::CacheLayer GpuCache::layer(std::int64_t index) const {
  return {.keys = keys_LSKPD_[index].mutable_data_ptr(),
          .values = values_LSKPD_[index].mutable_data_ptr(),
          .dtype = compute_dtype_of(keys_LSKPD_),
          .positions = positions(),
          .kv_heads = keys_LSKPD_.size(2),
          .head_dim = keys_LSKPD_.size(4)};
}

void GpuCache::copy(std::int64_t from, std::int64_t to, std::int64_t positions) {
  for (const at::Tensor& cache_LSKPD : {keys_LSKPD_, values_LSKPD_}) {
    const auto sequence = [&](std::int64_t slot) { return cache_LSKPD.select(1, slot).narrow(2, 0, positions); };
    sequence(to).copy_(sequence(from));
  }
}

}  // namespace ballast
