// Layers of which each shard of a model computes a part of every output.
#pragma once
#include <string>

#include "workers/model/causal_lm.h"
#include "workers/model/layers.h"

namespace ballast {

// NAME's weight and bias as an addend of the shards' sum: the bias, which every shard holds whole, comes to it once.
Linear summand_at(const CausalLM& model, const std::string& name);

// Every shard's part becomes their sum, in its place and in its dtype. Parts lie where the communicator expects its
// buffers.
at::Tensor sum_over_shards(at::Tensor part, const Shards& shards);

}  // namespace ballast
