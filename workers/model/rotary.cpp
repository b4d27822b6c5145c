#include "workers/model/rotary.h"

#include <numbers>

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

torch::Tensor Rotation::apply(const torch::Tensor& x_NHD) const {
  const auto halves = x_NHD.chunk(2, -1);
  const torch::Tensor turned_NHD = torch::cat({-halves[1], halves[0]}, -1);
  return x_NHD * cos_N1D_.to(x_NHD.scalar_type()) + turned_NHD * sin_N1D_.to(x_NHD.scalar_type());
}

}  // namespace ballast
