// Products of matrices: the CPU's own where the library's are slow, else ATen's.
#pragma once
#include <torch/types.h>

namespace ballast {

// a [M, K] b [K, N], either of which may be a transposed view. Not differentiable.
torch::Tensor product(const torch::Tensor& a_MK, const torch::Tensor& b_KN);
// The same into memory that is given, contiguous [M, N].
void product_into(torch::Tensor& c_MN, const torch::Tensor& a_MK, const torch::Tensor& b_KN);
// sum [M, N] += a b; of half precision rounded once and then added in float32.
void add_product(torch::Tensor& sum_MN, const torch::Tensor& a_MK, const torch::Tensor& b_KN);

// y = x W^T + b for x [N, in], weight [out, in]; no bias where the tensor is undefined. Differentiable.
torch::Tensor project(const torch::Tensor& x_NI, const torch::Tensor& weight_OI, const torch::Tensor& bias_O);

}  // namespace ballast
