// Losses of reward and cost models on pairs of responses.
// B pairs, L positions. A model scores both halves in one batch of 2B rows: the B preferred sequences (better, safer)
// first, then the others (worse, unsafer). Losses are one value a pair: the batch's loss is their mean, a micro-batch
// adds its sum divided by the pairs of the mini-batch.
#pragma once
#include <torch/types.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace ballast {

enum class PreferenceLossType : std::uint8_t { SequenceWise, TokenWise };

inline constexpr std::array<std::pair<PreferenceLossType, std::string_view>, 2> preference_loss_type_names{{
    {PreferenceLossType::SequenceWise, "sequence-wise"},
    {PreferenceLossType::TokenWise, "token-wise"},
}};
constexpr const auto& enum_names(PreferenceLossType) { return preference_loss_type_names; }

struct PreferenceLossConfig {
  PreferenceLossType loss_type = PreferenceLossType::SequenceWise;
  double regularization = 0.001;

  template <typename Fields>
  void describe(Fields& field) {
    field("loss_type", loss_type, "compare end scores, or scores from the first token that differs on");
    field("regularization", regularization, "weight of the mean squared score, which keeps scores near 0")
        .at_least(0.0);
  }
};

/// Both halves of B pairs, padded to one length L: token ids int64, masks bool.
struct TokenPairs {
  torch::Tensor preferred_ids_BL;
  torch::Tensor preferred_mask_BL;
  torch::Tensor other_ids_BL;
  torch::Tensor other_mask_BL;
};

/// Where the two halves of each pair part, and where each ends: indices [B] int64.
struct PairSpans {
  torch::Tensor first_difference_B;
  torch::Tensor preferred_end_B;
  torch::Tensor other_end_B;
};

/// Throws std::invalid_argument that names the row if a half is empty or both halves are the same sequence.
PairSpans pair_spans(const TokenPairs& pairs);

struct RewardLoss {
  torch::Tensor loss_B;
  torch::Tensor preferred_end_scores_B;
  torch::Tensor other_end_scores_B;
  /// bool; its mean is the accuracy: reward(better) > reward(worse).
  torch::Tensor correct_B;
};

struct CostLoss {
  torch::Tensor loss_B;
  torch::Tensor preferred_end_scores_B;
  torch::Tensor other_end_scores_B;
  /// bool; its mean is the accuracy: cost(unsafer) > cost(safer).
  torch::Tensor correct_B;
  /// bool; its mean is accuracy_sign: the cost is positive iff the response is unsafe. Safer responses first.
  torch::Tensor sign_correct_2B;
};

/// Bradley-Terry: -log sigmoid(r_better - r_worse) + regularization * mean r^2. scores [2B, L].
/// Sequence-wise r is the end score; token-wise every term is averaged over the positions from the first difference to
/// the later end, padding of the shorter half included.
RewardLoss reward_loss(const torch::Tensor& scores_2BL, const TokenPairs& pairs, const PreferenceLossConfig& config);

/// -log sigmoid(c_unsafer - c_safer) - log sigmoid(-s c) for both + regularization * mean c^2: costs
/// rank the pair, and 0 parts safe from unsafe. safety_sign [2B]: +1 safe, -1 unsafe. Positions as in reward_loss.
CostLoss cost_loss(const torch::Tensor& scores_2BL, const torch::Tensor& safety_sign_2B, const TokenPairs& pairs,
                   const PreferenceLossConfig& config);

}  // namespace ballast
