// The norm of a flat gradient, by which it is clipped and found to be finite.
#pragma once
#include <torch/types.h>

#include <stdexcept>

#include "workers/model/parameters.h"

namespace ballast {

// A gradient is NaN or infinite; the message names the first parameter where it is.
struct NonFiniteGradient : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// float64 [blocks]: of each `Partition::block` elements the sum of their squares, in a fixed order. The last block
// counts as filled up with zeros.
torch::Tensor block_squares(const torch::Tensor& flat);

// Euclidean norm of the flat gradient: a float64 sum over blocks in their order, so that it depends neither on the
// number of threads nor, where each replica has the sum of its own pieces alone (ZeRO-1), on that of replicas. It is
// that of the whole model: what several shards hold counts once. These replicas and shards all call it.
double global_norm(const Parameters& parameters);

// The first parameter whose gradient is not finite, on whichever replica or shard that is; all call it where the norm
// was not finite.
const Segment& not_finite(const Parameters& parameters);

}  // namespace ballast
