#include "workers/model/attention.h"

#include <algorithm>

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
torch::Tensor window_mask(std::int64_t length, std::int64_t window, c10::Device device) {
  return torch::ones({length, length}, torch::TensorOptions(device).dtype(torch::kBool)).tril().triu(1 - window);
}

torch::Tensor attend_run(const AttentionSite& site, const Run& run, const AttentionInput& input) {
  const auto heads_first = [&](const torch::Tensor& x_NHD) {
    return x_NHD.unflatten(0, {run.sequences, run.length}).transpose(1, 2);
  };
  const bool windowed = site.window && *site.window < run.length;
  std::optional<torch::Tensor> mask_LL;
  if (windowed) mask_LL = window_mask(run.length, *site.window, input.q_NHD.device());
  return at::scaled_dot_product_attention(heads_first(input.q_NHD), heads_first(input.k_NKD), heads_first(input.v_NKD),
                                          mask_LL, /*dropout_p=*/0.0, /*is_causal=*/!windowed, site.scale,
                                          /*enable_gqa=*/true)
      .transpose(1, 2)
      .flatten(0, 1);
}

// The inputs are split at once: a slice for each sequence would cost its backward pass a gradient of the whole each.
torch::Tensor attend_runs(const AttentionSite& site, const std::vector<Run>& runs, const AttentionInput& input) {
  std::vector<std::int64_t> tokens;
  for (const Run& run : runs) tokens.push_back(run.sequences * run.length);
  const auto q = input.q_NHD.split_with_sizes(tokens);
  const auto k = input.k_NKD.split_with_sizes(tokens);
  const auto v = input.v_NKD.split_with_sizes(tokens);
  std::vector<torch::Tensor> outputs;
  for (std::size_t i = 0; i < runs.size(); ++i)
    outputs.push_back(attend_run(site, runs[i], {.q_NHD = q[i], .k_NKD = k[i], .v_NKD = v[i]}));
  return torch::cat(outputs);
}

// What ATen's flash attention takes: half precision, and heads of at most 256 elements in whole vectors of 8.
bool fits_flash_attention(const torch::Tensor& q_NHD) {
  const bool half = q_NHD.scalar_type() == torch::kBFloat16 || q_NHD.scalar_type() == torch::kHalf;
  return q_NHD.is_cuda() && half && q_NHD.size(2) % 8 == 0 && q_NHD.size(2) <= 256;
}

class PackedAttention {
 public:
  explicit PackedAttention(const std::vector<std::int64_t>& cu_lengths)
      : lengths_until_(cu_lengths), runs_(runs_of(cu_lengths)), cu_lengths_(torch::tensor(cu_lengths, torch::kInt32)) {
    for (const Run& run : runs_) longest_ = std::max(longest_, run.length);
  }

  torch::Tensor operator()(const AttentionSite& site, const AttentionInput& input) {
    if (runs_.empty()) return torch::zeros_like(input.q_NHD);
    if (input.joined_NHD.defined() && suits_cpu_kernels(input.joined_NHD))
      return attend_joined(site, input, lengths_until_);
    return fits_flash_attention(input.q_NHD) ? attend_all(site, input) : attend_runs(site, runs_, input);
  }

 private:
  // All sequences in one kernel.
  torch::Tensor attend_all(const AttentionSite& site, const AttentionInput& input) {
    cu_lengths_ = cu_lengths_.to(input.q_NHD.device());  // by the first layer, for all
    std::optional<std::int64_t> before;                  // keys that a query sees, itself not included
    if (site.window && *site.window < longest_) before = *site.window - 1;
    return std::get<0>(at::_flash_attention_forward(input.q_NHD, input.k_NKD, input.v_NKD, cu_lengths_, cu_lengths_,
                                                    longest_, longest_, /*dropout_p=*/0.0, /*is_causal=*/true,
                                                    /*return_debug_mask=*/false, site.scale, before));
  }

  std::vector<std::int64_t> lengths_until_;  // cu_lengths
  std::vector<Run> runs_;
  torch::Tensor cu_lengths_;  // the same, int32, where the inputs are
  std::int64_t longest_ = 0;
};

}  // namespace

AttentionInput split_heads(const torch::Tensor& joined, const HeadShape& heads) {
  const torch::Tensor joined_NHD = joined.view({joined.size(0), -1, heads.head_dim});
  return {.q_NHD = joined_NHD.narrow(1, 0, heads.queries),
          .k_NKD = joined_NHD.narrow(1, heads.queries, heads.keys),
          .v_NKD = joined_NHD.narrow(1, heads.queries + heads.keys, heads.keys),
          .joined_NHD = joined_NHD};
}

Attend packed_attention(const std::vector<std::int64_t>& cu_lengths) { return PackedAttention(cu_lengths); }

}  // namespace ballast
