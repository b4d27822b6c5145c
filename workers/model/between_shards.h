// What the shards of a model tell each other in its forward and backward pass. All of these do nothing where the model
// is whole, are differentiable, and are called by all shards in the same order: the shards' graphs are the same.
//
// The stream between layers is cut by tokens (Korthikanti et al. 2022): of N tokens each shard has the rows of n =
// ceil(N / shards), so that norms and residual sums are made once; rows beyond N are padding. A layer computes with all
// tokens and its own heads or columns, and its output is a sum over the shards.
//
// A gradient of what all shards have (tokens [N, E], a norm's weight) is partial on each: the sum over the shards is
// the gradient.
#pragma once
#include <torch/types.h>

#include "workers/model/shards.h"

namespace ballast {

// [N, E] of all tokens from the rows [n, E] that each shard has. The gradient is the sum over the shards.
torch::Tensor all_tokens(const Shards& shards, const torch::Tensor& part_nE, std::int64_t tokens);

// This shard's rows [n, E] of the sum of what the shards have.
torch::Tensor part_of_sum(const Shards& shards, const torch::Tensor& partial_NE);

// x, which all shards have and make the same loss of: the first shard alone tells its gradient.
torch::Tensor counted_once(const Shards& shards, const torch::Tensor& x);

// float32 `values` of each shard, [shards, ...]. Not differentiable.
torch::Tensor of_all_shards(const Shards& shards, const torch::Tensor& values);

// The shards that hold the same parameter.
struct Copies {
  Shards shards = {};
  int count = 1;  // a divisor of the shards: those that stand next to each other

  static Copies on_all(const Shards& shards) { return {.shards = shards, .count = shards.count()}; }
  // The parameter (may be undefined), its gradient summed over the copies in float32: it leaves the backward pass
  // complete, and with the same bits on each of them.
  torch::Tensor of(const torch::Tensor& parameter) const;
};

}  // namespace ballast
