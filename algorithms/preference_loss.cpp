#include "algorithms/preference_loss.h"

#include <stdexcept>

#include <fmt/format.h>

#include "algorithms/end_scores.h"
#include "algorithms/masked.h"

namespace ballast {
namespace {

torch::Tensor first_true_index(const torch::Tensor& condition_BL) {
  const auto L = condition_BL.size(1);
  const auto index_L = torch::arange(L, condition_BL.options().dtype(torch::kInt64));
  return torch::where(condition_BL, index_L, L).amin(1);
}

/// Scores of both halves at the positions that are compared: K = 1 (sequence-wise) or L (token-wise).
struct ComparedScores {
  torch::Tensor preferred_BK;
  torch::Tensor other_BK;
  torch::Tensor mask_BK;
};

struct EndScores {
  torch::Tensor preferred_B;
  torch::Tensor other_B;
};

EndScores end_scores_of(const torch::Tensor& scores_2BL, const PairSpans& spans) {
  const auto halves = scores_2BL.chunk(2, 0);
  return {.preferred_B = halves[0].gather(1, spans.preferred_end_B.unsqueeze(1)).squeeze(1),
          .other_B = halves[1].gather(1, spans.other_end_B.unsqueeze(1)).squeeze(1)};
}

ComparedScores compared_scores(const torch::Tensor& scores_2BL, const PairSpans& spans, PreferenceLossType loss_type) {
  if (loss_type == PreferenceLossType::SequenceWise) {
    const auto end_scores = end_scores_of(scores_2BL, spans);
    const auto all_B1 = torch::ones_like(end_scores.preferred_B.unsqueeze(1), torch::kBool);
    return {end_scores.preferred_B.unsqueeze(1), end_scores.other_B.unsqueeze(1), all_B1};
  }
  const auto halves = scores_2BL.chunk(2, 0);
  const auto index_L = torch::arange(scores_2BL.size(1), spans.first_difference_B.options());
  const auto later_end_B = torch::maximum(spans.preferred_end_B, spans.other_end_B);
  const auto from_difference_BL = index_L >= spans.first_difference_B.unsqueeze(1);
  return {halves[0], halves[1], from_difference_BL & (index_L <= later_end_B.unsqueeze(1))};
}

torch::Tensor negative_log_sigmoid(const torch::Tensor& x) { return -torch::log_sigmoid(x); }

torch::Tensor mean_square(const ComparedScores& scores) {
  return 0.5 * masked_row_mean(scores.preferred_BK.square() + scores.other_BK.square(), scores.mask_BK);
}

}  // namespace

PairSpans pair_spans(const TokenPairs& pairs) {
  const auto difference_BL = pairs.preferred_ids_BL != pairs.other_ids_BL;
  const auto same_rows = difference_BL.any(1).logical_not().nonzero();
  if (same_rows.size(0) > 0) {
    throw std::invalid_argument(fmt::format("both responses of pair {} of {} are the same tokens",
                                            same_rows[0].item<std::int64_t>(), difference_BL.size(0)));
  }
  return {.first_difference_B = first_true_index(difference_BL),
          .preferred_end_B = end_index(pairs.preferred_mask_BL),
          .other_end_B = end_index(pairs.other_mask_BL)};
}

RewardLoss reward_loss(const torch::Tensor& scores_2BL, const TokenPairs& pairs, const PreferenceLossConfig& config) {
  const auto spans = pair_spans(pairs);
  const auto scores = compared_scores(scores_2BL, spans, config.loss_type);
  const auto ranking_BK = negative_log_sigmoid(scores.preferred_BK - scores.other_BK);
  const auto loss_B = masked_row_mean(ranking_BK, scores.mask_BK) + config.regularization * mean_square(scores);

  const auto [preferred_B, other_B] = end_scores_of(scores_2BL.detach(), spans);
  return {.loss_B = loss_B,
          .preferred_end_scores_B = preferred_B,
          .other_end_scores_B = other_B,
          .correct_B = preferred_B > other_B};
}

CostLoss cost_loss(const torch::Tensor& scores_2BL, const torch::Tensor& safety_sign_2B, const TokenPairs& pairs,
                   const PreferenceLossConfig& config) {
  const auto spans = pair_spans(pairs);
  const auto scores = compared_scores(scores_2BL, spans, config.loss_type);
  const auto harm_sign_2B = -safety_sign_2B.to(scores_2BL.scalar_type());
  const auto signs = harm_sign_2B.unsqueeze(1).chunk(2, 0);
  const auto ranking_BK = negative_log_sigmoid(scores.other_BK - scores.preferred_BK);
  const auto classification_BK =
      negative_log_sigmoid(signs[0] * scores.preferred_BK) + negative_log_sigmoid(signs[1] * scores.other_BK);
  const auto loss_B =
      masked_row_mean(ranking_BK + classification_BK, scores.mask_BK) + config.regularization * mean_square(scores);

  const auto [preferred_B, other_B] = end_scores_of(scores_2BL.detach(), spans);
  return {.loss_B = loss_B,
          .preferred_end_scores_B = preferred_B,
          .other_end_scores_B = other_B,
          .correct_B = other_B > preferred_B,
          .sign_correct_2B = harm_sign_2B * torch::cat({preferred_B, other_B}) > 0};
}

}  // namespace ballast
