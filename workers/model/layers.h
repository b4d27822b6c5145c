// Parts that the backbones share.
#pragma once
#include <torch/types.h>

#include <string>
#include <vector>

#include "workers/model/between_shards.h"
#include "workers/model/parameters.h"
#include "workers/model/products.h"

namespace ballast {

// Rows tokens_N (int64) of the table, [N, E]. The gradient sums the occurrences of a token in float32: in bfloat16,
// with its 8 bits, a sum of equal addends stands still at the 256th.
torch::Tensor embed(const torch::Tensor& table_VE, const torch::Tensor& tokens_N);

// y = x W^T + b for x [N, in], W [out, in]; no bias where the tensor is undefined.
struct Linear {
  torch::Tensor weight;
  torch::Tensor bias;
  Copies copies = {};

  torch::Tensor operator()(const torch::Tensor& x_NI) const {
    return project(x_NI, copies.of(weight), copies.of(bias));
  }
};

// The same where each shard has some columns of W and of x: the rows [n, out] of this shard's tokens.
struct SummedLinear {
  Linear linear;
  Shards shards = {};

  torch::Tensor operator()(const torch::Tensor& x_NI) const;
};

// Several layers on one input, their outputs side by side: [N, sum of out].
struct JoinedLinear {
  std::vector<Linear> parts;  // one where the parameters lie side by side themselves

  torch::Tensor operator()(const torch::Tensor& x_NI) const;
};

// Takes NAME.weight, and NAME.bias where the parameters have it.
Linear linear_at(const Parameters& parameters, const std::string& name);

JoinedLinear joined_at(const Parameters& parameters, const std::vector<std::string>& names);

// Appends what one shard holds of NAME.weight [out, in] ~ N(0, std) and, if asked for, of NAME.bias = 0. A weight that
// is cut by its columns makes sums over the shards, to which the bias comes once: it is whole.
struct LinearShape {
  std::int64_t in = 0;
  std::int64_t out = 0;
  bool bias = false;
  double initial_std = 0.02;
  ParameterSlice slice = {};  // of the weight
};
void append_linear(std::vector<ParameterSpec>& specs, const std::string& name, const LinearShape& shape);

}  // namespace ballast
