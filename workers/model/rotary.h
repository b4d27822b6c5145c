// Rotary position embedding (Su et al., 2021) with the scalings of Llama 3 and of linear interpolation.
// N tokens, H heads, D elements per head, F = D / 2 frequencies.
#pragma once
#include <torch/types.h>

#include "workers/model/attention.h"
#include "workers/model/model_config.h"

namespace ballast {

// 1 / theta^(2i/D) for i < F, scaled as the config says; float32 [F].
torch::Tensor rotary_frequencies(const ModelConfig& config);

// The angles of some positions; made once, used by all layers.
class Rotation {
 public:
  Rotation(const torch::Tensor& positions_N, const torch::Tensor& frequencies_F);

  // Turns the pairs (x_i, x_{i + F}) of each head, in x's dtype. Differentiable.
  torch::Tensor apply(const torch::Tensor& x_NHD) const;
  // The heads of queries and keys turned; may overwrite what it is given. Joined as in `split_heads`.
  AttentionInput apply(const torch::Tensor& joined, const HeadShape& heads) const;

 private:
  torch::Tensor cos_N1D_;
  torch::Tensor sin_N1D_;
};

}  // namespace ballast
