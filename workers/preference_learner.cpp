#include "workers/preference_learner.h"

#include <torch/types.h>
#include <torch/utils.h>

#include "algorithms/finite.h"
#include "workers/figures.h"
#include "workers/model/tensor_buffer.h"
#include "workers/model/tokenizer_files.h"

namespace ballast {
namespace {

ScoreType type_of(Role role) { return role == Role::Reward ? ScoreType::Reward : ScoreType::Cost; }

}  // namespace

PreferenceLearner::PreferenceLearner(Role role, const SupervisedSettings& settings, std::int64_t training_steps,
                                     Replicas replicas)
    : role_(role),
      replicas_(replicas),
      source_(settings.model),
      loss_(settings.loss),
      model_(ScoreModel::from_source(settings.model, type_of(role), Use::Learn, replicas.model_place())),
      learner_(model_->parameters(), settings.optimizer, training_steps, replicas) {
  model_->set_normalizer(settings.normalizer.type, settings.normalizer.momentum);
}

PreferenceLearner::Judged PreferenceLearner::judge(const std::vector<PairRow>& rows) const {
  const auto batch = PairBatch::from_rows(rows).to(model_->device());
  const auto scores_2PL = batch.by_position(model_->scores(batch.packed));
  if (role_ == Role::Reward) {
    const auto loss = reward_loss(scores_2PL, batch.pairs, loss_);
    return {{"loss", loss.loss_B},
            {"accuracy", loss.correct_B},
            {"preferred_score", loss.preferred_end_scores_B},
            {"other_score", loss.other_end_scores_B}};
  }
  const auto loss = cost_loss(scores_2PL, batch.safety_sign_2B, batch.pairs, loss_);
  return {{"loss", loss.loss_B},
          {"accuracy", loss.correct_B},
          {"accuracy_sign", loss.sign_correct_2B.view({2, -1}).to(at::kDouble).mean(0)},
          {"preferred_score", loss.preferred_end_scores_B},
          {"other_score", loss.other_end_scores_B}};
}

Event PreferenceLearner::learn(const LearnPairs& learn) {
  std::vector<std::int64_t> sizes;
  for (const auto& rows : learn.micro_batches) sizes.push_back(static_cast<std::int64_t>(rows.size()));
  const auto end_scores_P2 = at::zeros({learn.pairs, 2}, model_->device());
  const auto by_micro_batch = end_scores_P2.split_with_sizes(sizes);
  Event event = learner_.step(sizes.size(), [&](std::size_t micro_batch) {
    return backward(learn.micro_batches[micro_batch], learn.pairs, by_micro_batch[micro_batch]);
  });
  // Each score is on one replica and zero on the others, so the sum is exact in any order.
  if (replicas_.communicator) {
    replicas_.communicator->all_reduce(buffer_of(end_scores_P2), ReduceOp::sum).wait(replicas_.timeout);
  }
  model_->update_normalizer(end_scores_P2.flatten());
  return event;
}

Learner::Figures PreferenceLearner::backward(const std::vector<PairRow>& rows, std::int64_t pairs,
                                             at::Tensor end_scores_P2) {
  const auto judged = judge(rows);
  end_scores_P2.copy_(at::stack({judged.at("preferred_score"), judged.at("other_score")}, 1));
  require_finite(judged.at("loss"), "loss");
  (judged.at("loss").sum() / pairs).backward();
  Learner::Figures figures{{"tokens", 0.0}};
  for (const auto& row : rows) figures["tokens"] += static_cast<double>(row.preferred.size() + row.other.size());
  for (const auto* name : {"loss", "accuracy", "accuracy_sign"}) {
    const auto figure_P = judged.find(name);
    if (figure_P == judged.end()) continue;
    figures[name] = figure_P->second.to(at::kDouble).sum().item<double>() / static_cast<double>(pairs);
  }
  return figures;
}

Figures PreferenceLearner::evaluate(const EvaluatePairs& evaluate) const {
  const torch::NoGradGuard no_grad;
  return figures_by_row(evaluate.row_ids, judge(evaluate.rows));
}

bool PreferenceLearner::save(const std::string& folder) const {
  const bool writes = learner_.saves() && model_->save(folder);
  if (writes) copy_tokenizer(source_.tokenizer_folder(), folder);
  return writes;
}

}  // namespace ballast
