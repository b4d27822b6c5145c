#include "workers/model/products.h"

#include <ATen/Parallel.h>
#include <torch/autograd.h>

#include "workers/cpu_kernels/product.h"
#include "workers/model/cpu_kernel.h"

namespace ballast {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

cpu::MatrixView view_of(const torch::Tensor& matrix) {
  return {matrix.const_data_ptr<float>(), matrix.stride(0), matrix.stride(1)};
}

// Threads share the rows.
void multiply(torch::Tensor& c_MN, const torch::Tensor& a_MK, const torch::Tensor& b_KN, bool add) {
  const std::int64_t N = c_MN.size(1);
  at::parallel_for(0, c_MN.size(0), rows_per_thread, [&](std::int64_t begin, std::int64_t end) {
    cpu::multiply({.M = end - begin,
                   .N = N,
                   .K = a_MK.size(1),
                   .a_MK = view_of(a_MK).at(begin, 0),
                   .c_MN = c_MN.mutable_data_ptr<float>() + begin * N,
                   .c_stride = N,
                   .add = add},
                  view_of(b_KN));
  });
}

struct Project : torch::autograd::Function<Project> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x_NI, const torch::Tensor& weight_OI) {
    const torch::Tensor x = x_NI.contiguous();
    context->save_for_backward({x, weight_OI});
    return product(x, weight_OI.t());
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor gradient_NO = gradients[0].contiguous();
    return {product(gradient_NO, saved[1]), product(gradient_NO.t(), saved[0])};
  }
};

}  // namespace

void product_into(torch::Tensor& c_MN, const torch::Tensor& a_MK, const torch::Tensor& b_KN) {
  if (multiplies_itself(a_MK))
    multiply(c_MN, a_MK, b_KN, false);
  else
    at::mm_out(c_MN, a_MK, b_KN);
}

torch::Tensor product(const torch::Tensor& a_MK, const torch::Tensor& b_KN) {
  torch::Tensor c_MN = torch::empty({a_MK.size(0), b_KN.size(1)}, a_MK.options());
  product_into(c_MN, a_MK, b_KN);
  return c_MN;
}

void add_product(torch::Tensor& sum_MN, const torch::Tensor& a_MK, const torch::Tensor& b_KN) {
  if (multiplies_itself(a_MK))
    multiply(sum_MN, a_MK, b_KN, true);
  else if (sum_MN.scalar_type() == a_MK.scalar_type())
    sum_MN.addmm_(a_MK, b_KN);
  else
    sum_MN.add_(at::mm(a_MK, b_KN));
}

torch::Tensor project(const torch::Tensor& x_NI, const torch::Tensor& weight_OI, const torch::Tensor& bias_O) {
  if (!multiplies_itself(x_NI)) return at::linear(x_NI, weight_OI, bias_O);
  const torch::Tensor product_NO = Project::apply(x_NI, weight_OI);
  return bias_O.defined() ? product_NO + bias_O : product_NO;
}

}  // namespace ballast
