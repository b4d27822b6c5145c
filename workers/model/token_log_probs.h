// Log-probabilities of given tokens without the whole logits in memory. M rows, E = hidden, V = vocabulary, or what a
// shard has of it. Hidden states, ids and results are the same on all shards; each tells its part of the hidden states'
// gradient, which is the sum.
#pragma once
#include <torch/types.h>

#include <cstdint>
#include <functional>

#include "workers/model/vocabulary_shard.h"

namespace ballast {

// The head's weight, and which tokens' rows these are.
struct TokenHead {
  torch::Tensor weight_VE;
  VocabularyShard vocabulary = {};

  TokenHead(torch::Tensor weight, VocabularyShard shard = {})  // NOLINT: a whole weight is a head
      : weight_VE(std::move(weight)), vocabulary(shard) {}
};

// [M]: log softmax(hidden_ME weight_VE^T) at ids_M (int64), in float32 or better. Works through a few rows at a time,
// in the backward pass again, so that at most a slice of the logits [M, V] exists. Differentiable in hidden and weight.
torch::Tensor token_log_probs(const torch::Tensor& hidden_ME, const TokenHead& head, const torch::Tensor& ids_M);

// What the log-probabilities of the rows from `begin` on, [m], add to a loss: [], differentiable in them. Each row is
// asked for once.
using LossOfRows = std::function<torch::Tensor(const torch::Tensor& log_probs_m, std::int64_t begin)>;

struct TokenLoss {
  torch::Tensor loss;         // [], differentiable in hidden and weight
  torch::Tensor log_probs_M;  // not differentiable
};

// The sum of `loss_of_rows` over slices of rows. As each row's part of the loss depends on its own log-probability
// alone, the head's gradient is known as soon as the slice's logits are: the backward pass does not make them again.
TokenLoss token_loss(const torch::Tensor& hidden_ME, const TokenHead& head, const torch::Tensor& ids_M,
                     const LossOfRows& loss_of_rows);

}  // namespace ballast
