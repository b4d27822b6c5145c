#include "workers/model/rotary.h"

#include <ATen/Parallel.h>
#include <torch/autograd.h>

#include <numbers>

#include "workers/cpu_kernels/rotate.h"
#include "workers/model/cpu_kernel.h"

namespace ballast {
namespace {

// Llama 3.1: wavelengths longer than original/low are stretched by `factor`, those shorter than original/high stay, and
// between them the frequency is interpolated.
torch::Tensor llama3_scaled(const torch::Tensor& frequencies_F, const RopeScaling& scaling) {
  const auto original = static_cast<double>(scaling.original_max_positions);
  const torch::Tensor wavelengths_F = 2.0 * std::numbers::pi / frequencies_F;
  const torch::Tensor smooth_F = (original / wavelengths_F - scaling.low_frequency_factor) /
                                 (scaling.high_frequency_factor - scaling.low_frequency_factor);
  const torch::Tensor stretched_F = frequencies_F / scaling.factor;
  const torch::Tensor between_F = (1.0 - smooth_F) * stretched_F + smooth_F * frequencies_F;
  const torch::Tensor low_F = wavelengths_F > original / scaling.low_frequency_factor;
  const torch::Tensor high_F = wavelengths_F < original / scaling.high_frequency_factor;
  return torch::where(low_F, stretched_F, torch::where(high_F, frequencies_F, between_F));
}

// What the kernel turns of x [N, all heads, D].
struct Turn {
  torch::Tensor cos_N1D, sin_N1D;
  std::int64_t heads = 0;  // that turn, the first
  bool back = false;

  void operator()(const torch::Tensor& x_NHD) const {
    const std::int64_t all_heads = x_NHD.size(1), head_dim = x_NHD.size(2);
    at::parallel_for(0, x_NHD.size(0), rows_per_thread, [&](std::int64_t begin, std::int64_t end) {
      by_element(x_NHD, [&]<typename Element>(Element) {
        cpu::rotate(cpu::Rotate<Element>{.tokens = end - begin,
                                         .heads = all_heads,
                                         .turned = heads,
                                         .head_dim = head_dim,
                                         .cos_ND = data_of<float>(cos_N1D) + begin * head_dim,
                                         .sin_ND = data_of<float>(sin_N1D) + begin * head_dim,
                                         .back = back,
                                         .x_NHD = data_of<Element>(x_NHD) + begin * all_heads * head_dim});
      });
    });
  }
};

struct TurnInPlace : torch::autograd::Function<TurnInPlace> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, torch::Tensor joined, const Turn& turn) {
    turn(joined.view({joined.size(0), -1, turn.cos_N1D.size(2)}));
    context->mark_dirty({joined});
    context->save_for_backward({turn.cos_N1D, turn.sin_N1D});
    context->saved_data["heads"] = turn.heads;
    return joined;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto angles = context->get_saved_variables();
    const Turn back{
        .cos_N1D = angles[0], .sin_N1D = angles[1], .heads = context->saved_data["heads"].toInt(), .back = true};
    const torch::Tensor gradient = gradients[0].clone(at::MemoryFormat::Contiguous);
    back(gradient.view({gradient.size(0), -1, angles[0].size(2)}));
    return {gradient, torch::Tensor()};
  }
};

}  // namespace

torch::Tensor rotary_frequencies(const ModelConfig& config) {
  const torch::Tensor exponents_F =
      torch::arange(0, config.head_dim, 2, torch::kFloat32) / static_cast<double>(config.head_dim);
  const torch::Tensor frequencies_F = torch::pow(config.rope_theta, exponents_F).reciprocal();
  if (!config.rope_scaling) return frequencies_F;
  const RopeScaling& scaling = *config.rope_scaling;
  switch (scaling.type) {
    case RopeScalingType::Linear:
      return frequencies_F / scaling.factor;
    case RopeScalingType::Llama3:
      return llama3_scaled(frequencies_F, scaling);
  }
  throw std::logic_error("rope scaling without a formula");
}

Rotation::Rotation(const torch::Tensor& positions_N, const torch::Tensor& frequencies_F) {
  const torch::Tensor angles_NF = torch::outer(positions_N.to(torch::kFloat32), frequencies_F);
  const torch::Tensor angles_N1D = torch::cat({angles_NF, angles_NF}, -1).unsqueeze(1);
  cos_N1D_ = angles_N1D.cos();
  sin_N1D_ = angles_N1D.sin();
}

AttentionInput Rotation::apply(const torch::Tensor& joined, const HeadShape& heads) const {
  if (suits_cpu_kernels(joined))
    return split_heads(
        TurnInPlace::apply(joined, Turn{.cos_N1D = cos_N1D_, .sin_N1D = sin_N1D_, .heads = heads.queries + heads.keys}),
        heads);
  const AttentionInput parts = split_heads(joined, heads);
  return {.q_NHD = apply(parts.q_NHD), .k_NKD = apply(parts.k_NKD), .v_NKD = parts.v_NKD};
}

torch::Tensor Rotation::apply(const torch::Tensor& x_NHD) const {
  const auto halves = x_NHD.chunk(2, -1);
  const torch::Tensor turned_NHD = torch::cat({-halves[1], halves[0]}, -1);
  return x_NHD * cos_N1D_.to(x_NHD.scalar_type()) + turned_NHD * sin_N1D_.to(x_NHD.scalar_type());
}

}  // namespace ballast
