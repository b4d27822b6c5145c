// What a model asks for by way of parameters. No torch.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "workers/model/sharding.h"

namespace ballast {

// One parameter as one shard holds it. Initial values of the whole parameter are N(mean, std).
struct ParameterSpec {
  std::string name;                 // as Hugging Face checkpoints have it
  std::vector<std::int64_t> shape;  // of what this shard holds
  double initial_mean = 0.0;
  double initial_std = 0.0;
  std::string alias = "";  // second name of a tied weight; empty: none
  ParameterSlice slice = {};

  // Of the whole parameter.
  std::vector<std::int64_t> whole_shape() const {
    auto whole = shape;
    if (slice.is_cut()) whole.at(slice.dimension) = slice.extent;
    return whole;
  }
};

}  // namespace ballast
