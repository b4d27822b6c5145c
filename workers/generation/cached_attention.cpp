#include "workers/generation/cached_attention.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>

#include "workers/generation/head_attention.h"

namespace ballast {
namespace {

template <typename Element>
void attend_each(const KvCache<Element>& cache, const AttentionSite& site, const AttentionRows<Element>& rows,
                 HeadRange heads) {
  const auto& shape = cache.shape();
  const std::int64_t queries_per_key = rows.heads / shape.kv_heads;
  std::vector<float> scratch(attention_scratch(shape.positions, shape.head_dim));
  for (std::int64_t i = heads.begin; i < heads.end; ++i) {
    const std::int64_t row = i / rows.heads;
    const std::int64_t head = i % rows.heads;
    const auto& [slot, position] = rows.places[row];
    if (slot == CachePlace::no_slot) continue;
    attend_head({.query = rows.queries + row * rows.query_stride + head * shape.head_dim,
                 .keys = cache.keys(site.layer, slot, head / queries_per_key),
                 .values = cache.values(site.layer, slot, head / queries_per_key),
                 .head_dim = shape.head_dim,
                 .value_stride = cache.value_stride(),
                 .first = site.window ? std::max<std::int64_t>(0, position + 1 - *site.window) : 0,
                 .end = position + 1,
                 .scale = static_cast<float>(site.scale)},
                scratch, rows.out + row * rows.out_stride + head * shape.head_dim);
  }
}

}  // namespace

void attend_heads(const KvCache<float>& cache, const AttentionSite& site, const AttentionRows<float>& rows,
                  HeadRange heads) {
  attend_each(cache, site, rows, heads);
}

void attend_heads(const KvCache<Bfloat16>& cache, const AttentionSite& site, const AttentionRows<Bfloat16>& rows,
                  HeadRange heads) {
  attend_each(cache, site, rows, heads);
}

Attend cached_attention(KvCache<float>& cache, std::vector<CachePlace> places) {
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
    const auto out_NHD = at::zeros_like(q_NHD);
    const AttentionRows<float> rows{.places = places,
                                    .heads = q_NHD.size(1),
                                    .queries = q_NHD.const_data_ptr<float>(),
                                    .query_stride = q_NHD.stride(0),
                                    .out = out_NHD.mutable_data_ptr<float>(),
                                    .out_stride = out_NHD.stride(0)};
    at::parallel_for(0, q_NHD.size(0) * rows.heads, rows.heads, [&](std::int64_t begin, std::int64_t end) {
      attend_heads(cache, site, rows, {begin, end});
    });
    return out_NHD.to(input.q_NHD.options());
  };
}

}  // namespace ballast
