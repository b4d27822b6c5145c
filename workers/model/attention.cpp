#include "workers/model/attention.h"

namespace ballast {
namespace {

// mask[i][j]: key j is visible from query i, i - window < j <= i. Boolean [L, L].
torch::Tensor window_mask(std::int64_t length, std::int64_t window) {
  return torch::ones({length, length}, torch::kBool).tril().triu(1 - window);
}

// One sequence of L tokens; ATen wants the heads in front.
torch::Tensor attend_one(const AttentionSite& site, const AttentionInput& sequence) {
  const std::int64_t length = sequence.q_NHD.size(0);
  const std::int64_t queries_per_key = sequence.q_NHD.size(1) / sequence.k_NKD.size(1);
  const auto heads_first = [](const torch::Tensor& x_LHD) { return x_LHD.transpose(0, 1).unsqueeze(0); };
  const auto shared = [&](const torch::Tensor& x_LKD) {
    return heads_first(queries_per_key == 1 ? x_LKD : x_LKD.repeat_interleave(queries_per_key, 1));
  };
  const bool windowed = site.window && *site.window < length;
  std::optional<torch::Tensor> mask_LL;
  if (windowed) mask_LL = window_mask(length, *site.window);
  return at::scaled_dot_product_attention(heads_first(sequence.q_NHD), shared(sequence.k_NKD), shared(sequence.v_NKD),
                                          mask_LL, /*dropout_p=*/0.0, /*is_causal=*/!windowed, site.scale)
      .squeeze(0)
      .transpose(0, 1);
}

}  // namespace

Attend packed_attention(std::vector<std::int64_t> cu_lengths) {
  return [cu_lengths = std::move(cu_lengths)](const AttentionSite& site, const AttentionInput& input) {
    std::vector<torch::Tensor> outputs;
    outputs.reserve(cu_lengths.size());
    for (std::size_t b = 0; b + 1 < cu_lengths.size(); ++b) {
      const std::int64_t begin = cu_lengths[b];
      const std::int64_t length = cu_lengths[b + 1] - begin;
      if (length == 0) continue;
      outputs.push_back(attend_one(site, {.q_NHD = input.q_NHD.narrow(0, begin, length),
                                          .k_NKD = input.k_NKD.narrow(0, begin, length),
                                          .v_NKD = input.v_NKD.narrow(0, begin, length)}));
    }
    return outputs.empty() ? torch::zeros_like(input.q_NHD) : torch::cat(outputs);
  };
}

}  // namespace ballast
