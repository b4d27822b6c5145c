#include "algorithms/normalizer.h"

namespace ballast {
namespace {
constexpr double epsilon = 1e-8;
}

NormalizerState initial_normalizer(std::int64_t D) {
  return {.mean_D = torch::zeros({D}), .var_D = torch::ones({D}), .count = 0};
}

NormalizerState exponential_moving_average(const NormalizerState& state, const torch::Tensor& scores_ND,
                                           double momentum) {
  return {.mean_D = momentum * state.mean_D + (1.0 - momentum) * scores_ND.mean(0),
          .var_D = momentum * state.var_D + (1.0 - momentum) * scores_ND.var(0),
          .count = state.count + scores_ND.size(0)};
}

NormalizerState running_mean_std(const NormalizerState& state, const torch::Tensor& scores_ND) {
  const auto old_count = static_cast<double>(state.count);
  const auto batch_count = static_cast<double>(scores_ND.size(0));
  const auto count = old_count + batch_count;
  const auto delta_D = scores_ND.mean(0) - state.mean_D;
  const auto squares_D =
      state.var_D * old_count + scores_ND.var(0) * batch_count + delta_D.square() * (old_count * batch_count / count);
  return {.mean_D = state.mean_D + delta_D * (batch_count / count),
          .var_D = squares_D / count,
          .count = state.count + scores_ND.size(0)};
}

torch::Tensor normalize(const torch::Tensor& x_D, const NormalizerState& state, Normalization normalization) {
  switch (normalization) {
    case Normalization::Affine:
      return (x_D - state.mean_D) / (state.var_D.sqrt() + epsilon);
    case Normalization::Scale:
      return x_D / (state.var_D.sqrt() + epsilon);
    case Normalization::Translate:
      return x_D - state.mean_D;
    case Normalization::Identity:
      return x_D;
  }
  TORCH_CHECK(false, "unknown normalization");
}

}  // namespace ballast
