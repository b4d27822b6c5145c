// Keys and values of growing sequences in a GPU's memory.
#pragma once
#include <torch/types.h>

#include "workers/gpu_kernels/cache_layer.h"

namespace ballast {

// In what the model computes in. A slot needs no clearing: a sequence reads only what it has put.
class GpuCache {
 public:
  struct Shape {
    std::int64_t layers = 0;     // L
    std::int64_t slots = 0;      // S
    std::int64_t kv_heads = 0;   // K
    std::int64_t positions = 0;  // P, tokens that a sequence may have
    std::int64_t head_dim = 0;   // D
  };
  // `options`: dtype and device.
  GpuCache(const Shape& shape, const at::TensorOptions& options)
      : keys_LSKPD_(at::empty({shape.layers, shape.slots, shape.kv_heads, shape.positions, shape.head_dim}, options)),
        values_LSKPD_(at::empty_like(keys_LSKPD_)) {}

  gpu::CacheLayer layer(std::int64_t index) const;
  std::int64_t positions() const { return keys_LSKPD_.size(3); }

 private:
  at::Tensor keys_LSKPD_;
  at::Tensor values_LSKPD_;
};

}  // namespace ballast
