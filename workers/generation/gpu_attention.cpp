#include "workers/generation/gpu_attention.h"

#include "workers/model/kernel_stream.h"

namespace ballast {
namespace {

// A layer's queries, keys and values, turned if they are to be, keys and values in the cache.
struct TakenIn {
  gpu::CacheLayer layer;
  std::int64_t heads = 0;  // of queries
};

TakenIn take_in(const CacheUse& use, const AttentionSite& site, const at::Tensor& qkv,
                const at::Tensor& frequencies_F) {
  const gpu::CacheLayer layer = use.cache.layer(site.layer);
  const std::int64_t heads = qkv.size(1) - 2 * layer.kv_heads;
  use.kernels.rotate_into_cache(
      {.qkv = qkv.mutable_data_ptr(),
       .frequencies = frequencies_F.defined() ? frequencies_F.const_data_ptr<float>() : nullptr,
       .cache = layer,
       .rows = use.rows.places(),
       .heads = heads},
      kernel_stream(qkv.device()));
  return {.layer = layer, .heads = heads};
}

}  // namespace

gpu::CacheRows SlotRows::places() const {
  return {.slots = slots_N.const_data_ptr<std::int64_t>(),
          .positions = positions_N.const_data_ptr<std::int64_t>(),
          .count = slots_N.size(0)};
}

AttendRows cached_rows(const CacheUse& use) {
  return [use](const AttentionSite& site, const at::Tensor& qkv, const at::Tensor& frequencies_F) {
    const auto [layer, heads] = take_in(use, site, qkv, frequencies_F);
    const at::Tensor out_NHD = at::empty({qkv.size(0), heads, layer.head_dim}, qkv.options());
    const at::Tensor scratch =
        at::empty({gpu::decode_attention_scratch(qkv.size(0), heads, layer)}, qkv.options().dtype(at::kFloat));
    use.kernels.decode_attention({.q = qkv.const_data_ptr(),
                                  .q_stride = qkv.stride(0),
                                  .cache = layer,
                                  .rows = use.rows.places(),
                                  .heads = heads,
                                  .scale = static_cast<float>(site.scale),
                                  .window = site.window.value_or(0),
                                  .out = out_NHD.mutable_data_ptr(),
                                  .scratch = scratch.mutable_data_ptr<float>()},
                                 kernel_stream(qkv.device()));
    return out_NHD;
  };
}

AttendRows prompt_rows(const CacheUse& use, const std::vector<std::int64_t>& cu_lengths) {
  return [use, attend = packed_attention(cu_lengths)](const AttentionSite& site, const at::Tensor& qkv,
                                                      const at::Tensor& frequencies_F) {
    const auto [layer, heads] = take_in(use, site, qkv, frequencies_F);
    return attend(site,
                  split_heads(qkv.flatten(1), {.queries = heads, .keys = layer.kv_heads, .head_dim = layer.head_dim}));
  };
}

}  // namespace ballast
