// Statistics of a score model's end scores, and scores normalised by them. N samples, D score dimensions (1).
#pragma once
#include <torch/types.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace ballast {

/// Affine: reward models. Scale: cost models (keeps the sign, so 0 stays the safety boundary). Identity: critics.
enum class Normalization : std::uint8_t { Affine, Scale, Translate, Identity };

inline constexpr std::array<std::pair<Normalization, std::string_view>, 4> normalization_names{{
    {Normalization::Affine, "affine"},
    {Normalization::Scale, "scale"},
    {Normalization::Translate, "translate"},
    {Normalization::Identity, "identity"},
}};
constexpr const auto& enum_names(Normalization) { return normalization_names; }

struct NormalizerState {
  torch::Tensor mean_D;
  torch::Tensor var_D;
  std::int64_t count = 0;
};

/// Mean 0, variance 1, count 0: a fresh normaliser, and that of a checkpoint without one.
NormalizerState initial_normalizer(std::int64_t D);

/// mean = m mean + (1 - m) batch mean, the same for the variance; no correction of the start's bias.
/// The batch variance is the unbiased one: NaN for a batch of one, and so is the state from then on.
NormalizerState exponential_moving_average(const NormalizerState& state, const torch::Tensor& scores_ND,
                                           double momentum);

/// Statistics of all samples so far: Chan's merge of (mean, variance, count), with the unbiased batch variance.
NormalizerState running_mean_std(const NormalizerState& state, const torch::Tensor& scores_ND);

/// Affine: (x - mean) / (sqrt(var) + 1e-8); scale: x / (sqrt(var) + 1e-8); translate: x - mean. x is [..., D].
torch::Tensor normalize(const torch::Tensor& x_D, const NormalizerState& state, Normalization normalization);

}  // namespace ballast
