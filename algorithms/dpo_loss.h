// Direct preference optimisation (Rafailov et al. 2023, eq. 7). B pairs, preferred rows first; T = L - 1 positions.
#pragma once
#include <torch/types.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "algorithms/preference_loss.h"

namespace ballast {

/// Which log-probabilities count. Position t scores token t + 1, so with d the first token that differs and e the last
/// token, Correct sums t = d - 1 .. e - 1. Reference sums t = d .. e as the reference implementation does: it skips the
/// first token that differs and counts the padding after the end where there is any.
enum class DpoSlice : std::uint8_t { Correct, Reference };

inline constexpr std::array<std::pair<DpoSlice, std::string_view>, 2> dpo_slice_names{{
    {DpoSlice::Correct, "correct"},
    {DpoSlice::Reference, "reference"},
}};
constexpr const auto& enum_names(DpoSlice) { return dpo_slice_names; }

struct DpoConfig {
  double scale_coeff = 0.1;
  DpoSlice slice = DpoSlice::Correct;

  template <typename Fields>
  void describe(Fields& field) {
    field("scale_coeff", scale_coeff, "beta: scale of the implicit reward").above(0.0);
    field("slice", slice, "tokens that count: correct, or reference as the reference implementation (off by one)");
  }
};

struct DpoLoss {
  torch::Tensor loss_B;
  /// Implicit rewards beta (log pi - log pi_ref) of both responses, without gradient.
  torch::Tensor preferred_rewards_B;
  torch::Tensor other_rewards_B;
};

/// -log sigmoid(beta ([sum log pi - log pi_ref]_better - [..]_worse)). Log-probabilities [2B, T] of
/// gather_log_probs. A half that ends before the first difference (cut off there) contributes an empty sum.
DpoLoss dpo_loss(const torch::Tensor& log_probs_2BT, const torch::Tensor& ref_log_probs_2BT, const TokenPairs& pairs,
                 const DpoConfig& config);

}  // namespace ballast
