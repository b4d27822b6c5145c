// Attention, apart from the layers that project into it: training, prefill and decode differ only here.
// N tokens, H heads, K heads of keys and values (H is a multiple of K), D elements per head.
#pragma once
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace ballast {

// Which layer asks, and how it attends.
struct AttentionSite {
  std::int64_t layer = 0;
  double scale = 1.0;                  // of the scores
  std::optional<std::int64_t> window;  // keys that a query sees, itself included; empty: all before it
};

struct HeadShape {
  std::int64_t queries = 0;  // H
  std::int64_t keys = 0;     // K
  std::int64_t head_dim = 0;
};

// Queries, keys and values of the tokens at hand, positions already applied.
struct AttentionInput {
  torch::Tensor q_NHD;
  torch::Tensor k_NKD;
  torch::Tensor v_NKD;
  // [N, H + 2 K, D]: of what the others are views; undefined where they are not. One gradient instead of three.
  torch::Tensor joined_NHD = {};
};

// joined [N, (H + 2 K) D]: queries, keys and values side by side.
AttentionInput split_heads(const torch::Tensor& joined, const HeadShape& heads);

// Returns [N, H, D]. Layers call it in order, once each; an implementation may keep keys and values for later tokens.
using Attend = std::function<torch::Tensor(const AttentionSite&, const AttentionInput&)>;

// Causal attention inside each of the packed sequences; `cu_lengths` as in PackedTokens. Differentiable.
Attend packed_attention(const std::vector<std::int64_t>& cu_lengths);

}  // namespace ballast
