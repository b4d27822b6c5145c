// A transformer without its head.
#pragma once
#include <torch/types.h>

#include "workers/model/attention.h"
#include "workers/model/packed_tokens.h"

namespace ballast {

class Backbone {
 public:
  virtual ~Backbone() = default;

  // Hidden states after the final norm, [N, hidden], on each shard those of all tokens: what its loss makes of them is
  // its part of their gradient. Tokens and positions are int64 [N]; what a token sees of the
  // others is up to `attend`, which is how generation comes in with its cache.
  virtual torch::Tensor forward(const torch::Tensor& tokens_N, const torch::Tensor& positions_N,
                                const Attend& attend) const = 0;

  // Causal attention inside each sequence.
  torch::Tensor forward(const PackedTokens& packed) const {
    return forward(packed.tokens_N, packed.positions_N, packed_attention(packed.cu_lengths));
  }

  // From now on a forward pass with gradients keeps of each layer only what enters it, and the backward pass computes
  // the layer again: about a third more work, gradients of the same bits.
  void checkpoint_activations() { checkpoints_activations_ = true; }

 protected:
  bool checkpoints_activations() const { return checkpoints_activations_; }

 private:
  bool checkpoints_activations_ = false;
};

}  // namespace ballast
