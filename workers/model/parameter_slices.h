// Parts of parameters against the whole: a shard takes its slice, and a saved model is put together again.
#pragma once
#include <torch/types.h>

#include "workers/model/parameters.h"
#include "workers/model/shards.h"

namespace ballast {

// Copies to `part` what the slice has of `whole`: of a mapped file, nothing else is read.
void take_slice(torch::Tensor part, const torch::Tensor& whole, const ParameterSlice& slice);

// The whole parameter on the first shard, from the slices of all; undefined on the others. All shards call it.
torch::Tensor gathered(const Parameters& parameters, const Segment& segment, const Shards& shards);

}  // namespace ballast
