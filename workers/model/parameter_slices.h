// Parts of parameters against the whole: a shard takes its slice, and a saved model is put together again.
#pragma once
#include <torch/types.h>

#include "workers/model/parameters.h"

namespace ballast {

// What the slice has of `whole`: of a mapped file, nothing else is read.
torch::Tensor sliced(const torch::Tensor& whole, const ParameterSlice& slice);

// The whole parameter on the first of the ranks that hold the model together (shards, and replicas under ZeRO-1), from
// what each of them has; undefined on the others. All of them call it.
torch::Tensor whole_parameter(const Parameters& parameters, const Segment& segment);

}  // namespace ballast
