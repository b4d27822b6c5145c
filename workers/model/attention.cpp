#include "workers/model/attention.h"

#include "workers/model/cpu_kernel.h"
#include "workers/model/joined_attention.h"

namespace ballast {
namespace {

// Adjacent sequences of one length: S sequences of L tokens attend in one call. Each is computed as if it were alone.
struct Run {
  std::int64_t sequences = 0;
  std::int64_t length = 0;
};

std::vector<Run> runs_of(const std::vector<std::int64_t>& cu_lengths) {
  std::vector<Run> runs;
  for (std::size_t b = 0; b + 1 < cu_lengths.size(); ++b) {
    const std::int64_t length = cu_lengths[b + 1] - cu_lengths[b];
    if (length == 0) continue;
    if (runs.empty() || runs.back().length != length) runs.push_back({.length = length});
    ++runs.back().sequences;
  }
  return runs;
}

// mask[i][j]: key j is visible from query i, i - window < j <= i. Boolean [L, L].
torch::Tensor window_mask(std::int64_t length, std::int64_t window) {
  return torch::ones({length, length}, torch::kBool).tril().triu(1 - window);
}

torch::Tensor attend_run(const AttentionSite& site, const Run& run, const AttentionInput& input) {
  const auto heads_first = [&](const torch::Tensor& x_NHD) {
    return x_NHD.unflatten(0, {run.sequences, run.length}).transpose(1, 2);
  };
  const bool windowed = site.window && *site.window < run.length;
  std::optional<torch::Tensor> mask_LL;
  if (windowed) mask_LL = window_mask(run.length, *site.window);
  return at::scaled_dot_product_attention(heads_first(input.q_NHD), heads_first(input.k_NKD), heads_first(input.v_NKD),
                                          mask_LL, /*dropout_p=*/0.0, /*is_causal=*/!windowed, site.scale,
                                          /*enable_gqa=*/true)
      .transpose(1, 2)
      .flatten(0, 1);
}

}  // namespace

AttentionInput split_heads(const torch::Tensor& joined, const HeadShape& heads) {
  const torch::Tensor joined_NHD = joined.view({joined.size(0), -1, heads.head_dim});
  return {.q_NHD = joined_NHD.narrow(1, 0, heads.queries),
          .k_NKD = joined_NHD.narrow(1, heads.queries, heads.keys),
          .v_NKD = joined_NHD.narrow(1, heads.queries + heads.keys, heads.keys),
          .joined_NHD = joined_NHD};
}

// The inputs are split at once: a slice for each sequence would cost its backward pass a gradient of the whole each.
Attend packed_attention(const std::vector<std::int64_t>& cu_lengths) {
  const auto runs = runs_of(cu_lengths);
  std::vector<std::int64_t> tokens;
  for (const Run& run : runs) tokens.push_back(run.sequences * run.length);
  return [runs, tokens, cu_lengths](const AttentionSite& site, const AttentionInput& input) {
    if (runs.empty()) return torch::zeros_like(input.q_NHD);
    if (input.joined_NHD.defined() && suits_cpu_kernels(input.joined_NHD))
      return attend_joined(site, input, cu_lengths);
    const auto q = input.q_NHD.split_with_sizes(tokens);
    const auto k = input.k_NKD.split_with_sizes(tokens);
    const auto v = input.v_NKD.split_with_sizes(tokens);
    std::vector<torch::Tensor> outputs;
    for (std::size_t i = 0; i < runs.size(); ++i)
      outputs.push_back(attend_run(site, runs[i], {.q_NHD = q[i], .k_NKD = k[i], .v_NKD = v[i]}));
    return torch::cat(outputs);
  };
}

}  // namespace ballast
