// The role of a reward or cost model in training: it learns which of two responses is preferred.
#pragma once
#include <memory>
#include <string>

#include "workers/commands.h"
#include "workers/learner.h"
#include "workers/model/score_model.h"
#include "workers/pair_batch.h"
#include "workers/worker_settings.h"

namespace ballast {

class PreferenceLearner {
 public:
  // `role` is Reward or Cost. The model starts from a causal language model, with a fresh head, or from a score model.
  PreferenceLearner(Role role, const SupervisedSettings& settings, std::int64_t training_steps, Replicas replicas);

  // Reports by micro-batch, each over the pairs of the mini-batch: `loss`, `accuracy`, for a cost model also
  // `accuracy_sign`; and `tokens`, all that it read. The statistics of the model's normaliser take in the end scores of
  // the whole mini-batch as they were before the step, in the order of its pairs, whatever replica had them.
  Event learn(const LearnPairs& learn);
  // By row: the same figures of each pair, and its end scores `preferred_score` and `other_score`, not normalised.
  Figures evaluate(const EvaluatePairs& evaluate) const;
  // All replicas call it. Whether this rank writes.
  bool save(const std::string& folder) const;

 private:
  // Figures by pair, [P]; `loss` is differentiable.
  using Judged = std::map<std::string, at::Tensor>;
  Judged judge(const std::vector<PairRow>& rows) const;
  // Leaves the end scores [P, 2] in `end_scores_P2`.
  Learner::Figures backward(const std::vector<PairRow>& rows, std::int64_t pairs, at::Tensor end_scores_P2);

  Role role_;
  Replicas replicas_;
  ModelSource source_;
  PreferenceLossConfig loss_;
  std::unique_ptr<ScoreModel> model_;
  Learner learner_;
};

}  // namespace ballast
