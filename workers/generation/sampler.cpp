#include "workers/generation/sampler.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace ballast {
namespace {

constexpr float impossible = -std::numeric_limits<float>::infinity();

}  // namespace

Sampler::Sampler(const SamplingConfig& config, std::vector<std::int64_t> eos_tokens, std::int64_t vocab)
    : config_(config), eos_tokens_(std::move(eos_tokens)), model_(vocab), sampled_(vocab), scores_(vocab) {}

Choice Sampler::choose(std::span<const float> logits_V, const Situation& situation) {
  model_.take(logits_V);
  if (!filters(situation)) {
    const auto token = model_.token_at(situation.draw);
    return {.token = token, .log_prob = model_.log_prob(token), .sampling_log_prob = model_.log_prob(token)};
  }
  std::copy(logits_V.begin(), logits_V.end(), scores_.begin());
  penalise_and_ban(situation);
  if (config_.temperature == 0.0) {
    const auto token = std::max_element(scores_.begin(), scores_.end()) - scores_.begin();  // the first of several
    return {.token = token, .log_prob = model_.log_prob(token), .sampling_log_prob = 0.0F};
  }
  for (auto& score : scores_) score /= static_cast<float>(config_.temperature);
  if (config_.top_k > 0) keep_top_k();
  sampled_.take(scores_);
  if (config_.top_p < 1.0) keep_top_p();
  const auto token = sampled_.token_at(situation.draw);
  return {.token = token, .log_prob = model_.log_prob(token), .sampling_log_prob = sampled_.log_prob(token)};
}

bool Sampler::filters(const Situation& situation) const {
  return config_.temperature != 1.0 || config_.top_k > 0 || config_.top_p < 1.0 || config_.repetition_penalty != 1.0 ||
         !situation.may_end;
}

void Sampler::penalise_and_ban(const Situation& situation) {
  if (config_.repetition_penalty != 1.0) {
    const auto penalty = static_cast<float>(config_.repetition_penalty);
    for (const auto token : situation.seen) {
      auto& score = scores_[token];
      score = score < 0.0F ? score * penalty : score / penalty;
    }
  }
  if (situation.may_end) return;
  for (const auto token : eos_tokens_) scores_[token] = impossible;
}

// All that are as likely as the k-th stay, as in transformers.
void Sampler::keep_top_k() {
  const auto k = static_cast<std::size_t>(config_.top_k);
  if (k >= scores_.size()) return;
  sorted_ = scores_;
  std::nth_element(sorted_.begin(), sorted_.begin() + (k - 1), sorted_.end(), std::greater<>());
  const float least = sorted_[k - 1];
  for (auto& score : scores_) score = score < least ? impossible : score;
}

// A token stays if those that are likelier have less than top_p together. Tokens below (1 - top_p) / V can be left out
// of the sorting: even all of them together are less than 1 - top_p.
void Sampler::keep_top_p() {
  const auto weights = sampled_.weights();
  const double total = sampled_.total_weight();
  const double least = (1.0 - config_.top_p) * total / static_cast<double>(weights.size());
  candidates_.clear();
  for (std::size_t token = 0; token < weights.size(); ++token) {
    if (weights[token] >= least) candidates_.push_back(static_cast<std::int64_t>(token));
  }
  std::sort(candidates_.begin(), candidates_.end(),
            [&](std::int64_t a, std::int64_t b) { return std::pair(-weights[a], a) < std::pair(-weights[b], b); });
  double likelier = 0.0;
  std::size_t kept = 0;
  while (kept < candidates_.size() && (kept == 0 || likelier < config_.top_p * total)) {
    likelier += weights[candidates_[kept++]];
  }
  candidates_.resize(kept);
  sorted_.assign(scores_.size(), impossible);
  for (const auto token : candidates_) sorted_[token] = scores_[token];
  sampled_.take(sorted_);
}

}  // namespace ballast
