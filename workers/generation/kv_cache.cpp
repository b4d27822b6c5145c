#include "workers/generation/kv_cache.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>

#include "workers/generation/cached_attention.h"
#include "workers/cpu_kernels/lanes.h"

namespace ballast {
namespace {

std::int64_t whole_lanes(std::int64_t elements) { return (elements + lane_count - 1) / lane_count * lane_count; }

// Query heads [begin, end) of all rows, counted row by row.
struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// Float32 and contiguous.
struct Rows {
  at::Tensor q_NHD;
  at::Tensor out_NHD;
};

void attend_heads(const KvCache& cache, const std::vector<CachePlace>& places, const AttentionSite& site,
                  const Rows& rows, Span heads) {
  const auto& shape = cache.shape();
  const std::int64_t H = rows.q_NHD.size(1);
  const std::int64_t queries_per_key = H / shape.kv_heads;
  const auto* q = rows.q_NHD.const_data_ptr<float>();
  auto* out = rows.out_NHD.mutable_data_ptr<float>();
  std::vector<float> scratch(whole_lanes(shape.positions) + lane_count + cache.value_stride());
  for (std::int64_t i = heads.begin; i < heads.end; ++i) {
    const auto& [slot, position] = places[i / H];
    if (slot == CachePlace::no_slot) continue;
    const std::int64_t key_head = i % H / queries_per_key;
    attend_head({.query = q + i * shape.head_dim,
                 .keys = cache.keys(site.layer, slot, key_head),
                 .values = cache.values(site.layer, slot, key_head),
                 .head_dim = shape.head_dim,
                 .value_stride = cache.value_stride(),
                 .first = site.window ? std::max<std::int64_t>(0, position + 1 - *site.window) : 0,
                 .end = position + 1,
                 .scale = static_cast<float>(site.scale)},
                scratch, out + i * shape.head_dim);
  }
}

}  // namespace

KvCache::KvCache(const Shape& shape)
    : shape_(shape),
      value_stride_(whole_lanes(shape.head_dim)),
      keys_per_part_(whole_lanes(shape.positions) * shape.head_dim),
      values_per_part_(shape.positions * value_stride_) {
  const std::int64_t parts = shape.layers * shape.slots * shape.kv_heads;
  keys_ = at::empty({parts * keys_per_part_}, at::kFloat);
  values_ = at::empty({parts * values_per_part_}, at::kFloat);
}

std::int64_t KvCache::part(std::int64_t layer, std::int64_t slot, std::int64_t head) const {
  return (layer * shape_.slots + slot) * shape_.kv_heads + head;
}

float* KvCache::keys(std::int64_t layer, std::int64_t slot, std::int64_t head) const {
  return keys_.mutable_data_ptr<float>() + part(layer, slot, head) * keys_per_part_;
}

float* KvCache::values(std::int64_t layer, std::int64_t slot, std::int64_t head) const {
  return values_.mutable_data_ptr<float>() + part(layer, slot, head) * values_per_part_;
}

void KvCache::put(std::int64_t layer, std::int64_t slot, std::int64_t position, const float* keys_KD,
                  const float* values_KD) {
  const std::int64_t D = shape_.head_dim;
  for (std::int64_t head = 0; head < shape_.kv_heads; ++head) {
    float* key = keys(layer, slot, head) + position / lane_count * D * lane_count + position % lane_count;
    float* value = values(layer, slot, head) + position * value_stride_;
    for (std::int64_t d = 0; d < D; ++d) key[d * lane_count] = keys_KD[head * D + d];
    std::copy_n(values_KD + head * D, D, value);
    std::fill(value + D, value + value_stride_, 0.0F);
  }
}

Attend cached_attention(KvCache& cache, std::vector<CachePlace> places) {
  return [&cache, places = std::move(places)](const AttentionSite& site, const AttentionInput& input) {
    const auto in_float32 = [](const at::Tensor& x) { return x.to(at::kCPU, at::kFloat).contiguous(); };
    const auto k_NKD = in_float32(input.k_NKD);
    const auto v_NKD = in_float32(input.v_NKD);
    const auto* k = k_NKD.const_data_ptr<float>();
    const auto* v = v_NKD.const_data_ptr<float>();
    const std::int64_t row_size = cache.shape().kv_heads * cache.shape().head_dim;
    for (std::size_t row = 0; row < places.size(); ++row) {
      const auto& [slot, position] = places[row];
      if (slot == CachePlace::no_slot) continue;
      cache.put(site.layer, slot, position, k + row * row_size, v + row * row_size);
    }
    const auto q_NHD = in_float32(input.q_NHD);
    const Rows rows{.q_NHD = q_NHD, .out_NHD = at::zeros_like(q_NHD)};
    const std::int64_t H = q_NHD.size(1);
    at::parallel_for(0, q_NHD.size(0) * H, H, [&](std::int64_t begin, std::int64_t end) {
      attend_heads(cache, places, site, rows, {begin, end});
    });
    return rows.out_NHD.to(input.q_NHD.options());
  };
}

}  // namespace ballast
