#include "workers/model/fused_layers.h"

#include <ATen/Parallel.h>
#include <torch/autograd.h>

#include "workers/cpu_kernels/rms_norm.h"
#include "workers/cpu_kernels/swiglu.h"
#include "workers/model/cpu_kernel.h"

namespace ballast {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// As many parts as threads, so that sums over rows depend on their number alone.
struct RowParts {
  std::int64_t rows = 0;
  std::int64_t count = at::get_num_threads();

  std::int64_t begin(std::int64_t part) const { return rows * part / count; }
};

struct AddNorm : torch::autograd::Function<AddNorm> {
  // {norm, sum}; without a delta {norm}.
  static variable_list forward(AutogradContext* context, const torch::Tensor& x_NE,
                               const std::optional<torch::Tensor>& delta_NE, const torch::Tensor& weight_E,
                               double epsilon) {
    const torch::Tensor x = x_NE.contiguous();
    const torch::Tensor delta = delta_NE ? delta_NE->contiguous() : torch::Tensor();
    const torch::Tensor out = torch::empty_like(x), sum = delta.defined() ? torch::empty_like(x) : x;
    const torch::Tensor scale_N = torch::empty({x.size(0)}, torch::kFloat32);
    const std::int64_t width = x.size(1);
    at::parallel_for(0, x.size(0), rows_per_thread, [&](std::int64_t begin, std::int64_t end) {
      by_element(x, [&]<typename Element>(Element) {
        const auto row = [&](const torch::Tensor& tensor) { return data_of<Element>(tensor) + begin * width; };
        cpu::add_norm(cpu::AddNorm<Element>{.rows = end - begin,
                                            .width = width,
                                            .x_NE = row(x),
                                            .delta_NE = delta.defined() ? row(delta) : nullptr,
                                            .weight_E = data_of<Element>(weight_E),
                                            .epsilon = static_cast<float>(epsilon),
                                            .sum_NE = row(sum),
                                            .out_NE = row(out),
                                            .scale_N = data_of<float>(scale_N) + begin});
      });
    });
    context->set_materialize_grads(false);
    context->save_for_backward({sum, weight_E, scale_N});
    if (!delta.defined()) return {out};
    return {out, sum};
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &sum = saved[0], &weight_E = saved[1], &scale_N = saved[2];
    const bool added = gradients.size() > 1;
    const torch::Tensor of_out = gradients[0].defined() ? gradients[0].contiguous() : torch::zeros_like(sum);
    const torch::Tensor of_sum = added && gradients[1].defined() ? gradients[1].contiguous() : torch::Tensor();
    const torch::Tensor gradient_NE = torch::empty_like(sum);
    const RowParts parts{.rows = sum.size(0)};
    const std::int64_t width = sum.size(1);
    const torch::Tensor of_weight_PE = torch::zeros({parts.count, width}, torch::kFloat32);
    at::parallel_for(0, parts.count, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t part = first; part < last; ++part) {
        const std::int64_t begin = parts.begin(part);
        by_element(sum, [&]<typename Element>(Element) {
          const auto row = [&](const torch::Tensor& tensor) { return data_of<Element>(tensor) + begin * width; };
          cpu::add_norm_gradient(
              cpu::AddNormGradient<Element>{.rows = parts.begin(part + 1) - begin,
                                            .width = width,
                                            .sum_NE = row(sum),
                                            .weight_E = data_of<Element>(weight_E),
                                            .scale_N = data_of<float>(scale_N) + begin,
                                            .out_gradient_NE = row(of_out),
                                            .sum_gradient_NE = of_sum.defined() ? row(of_sum) : nullptr,
                                            .gradient_NE = row(gradient_NE),
                                            .weight_gradient_E = data_of<float>(of_weight_PE) + part * width});
        });
      }
    });
    return {gradient_NE, added ? gradient_NE : torch::Tensor(), of_weight_PE.sum(0).to(weight_E.scalar_type()),
            torch::Tensor()};
  }
};

struct Swiglu : torch::autograd::Function<Swiglu> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& gate_up_N2I) {
    const torch::Tensor gate_up = gate_up_N2I.contiguous();
    context->save_for_backward({gate_up});
    const std::int64_t width = gate_up.size(1) / 2;
    const torch::Tensor out = torch::empty({gate_up.size(0), width}, gate_up.options());
    at::parallel_for(0, out.size(0), rows_per_thread, [&](std::int64_t begin, std::int64_t end) {
      by_element(out, [&]<typename Element>(Element) {
        cpu::swiglu(cpu::Swiglu<Element>{.rows = end - begin,
                                         .width = width,
                                         .gate_up_N2I = data_of<Element>(gate_up) + 2 * begin * width,
                                         .out_NI = data_of<Element>(out) + begin * width});
      });
    });
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const torch::Tensor gate_up = context->get_saved_variables()[0];
    const torch::Tensor gradient_NI = gradients[0].contiguous();
    const torch::Tensor gradient_N2I = torch::empty_like(gate_up);
    const std::int64_t width = gate_up.size(1) / 2;
    at::parallel_for(0, gate_up.size(0), rows_per_thread, [&](std::int64_t begin, std::int64_t end) {
      by_element(gate_up, [&]<typename Element>(Element) {
        cpu::swiglu_gradient(
            cpu::Swiglu<Element>{.rows = end - begin,
                                 .width = width,
                                 .gate_up_N2I = data_of<Element>(gate_up) + 2 * begin * width,
                                 .gradient_NI = data_of<Element>(gradient_NI) + begin * width,
                                 .gate_up_gradient_N2I = data_of<Element>(gradient_N2I) + 2 * begin * width});
      });
    });
    return {gradient_N2I};
  }
};

}  // namespace

torch::Tensor RmsNorm::operator()(const torch::Tensor& x_NE) const {
  if (suits_cpu_kernels(x_NE)) return AddNorm::apply(x_NE, std::optional<torch::Tensor>(), weight_E, epsilon)[0];
  return at::rms_norm(x_NE, weight_E.sizes(), weight_E, epsilon);
}

torch::Tensor RmsNorm::add(torch::Tensor& stream_NE, const torch::Tensor& delta_NE) const {
  if (!suits_cpu_kernels(stream_NE)) return (*this)(stream_NE = stream_NE + delta_NE);
  const auto outputs = AddNorm::apply(stream_NE, std::optional(delta_NE), weight_E, epsilon);
  stream_NE = outputs[1];
  return outputs[0];
}

torch::Tensor swiglu(const torch::Tensor& gate_up_N2I) {
  if (suits_cpu_kernels(gate_up_N2I)) return Swiglu::apply(gate_up_N2I);
  const auto halves = gate_up_N2I.chunk(2, 1);
  return at::silu(halves[0]) * halves[1];
}

}  // namespace ballast
