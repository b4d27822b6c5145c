// The role of supervised fine-tuning and pretraining: a language model that learns texts.
#pragma once
#include <memory>
#include <string>

#include "workers/commands.h"
#include "workers/learner.h"
#include "workers/model/causal_lm.h"
#include "workers/worker_settings.h"

namespace ballast {

class TextLearner {
 public:
  TextLearner(const SupervisedSettings& settings, std::int64_t training_steps, Replicas replicas);

  // Reports `loss` by micro-batch: cross entropy summed over its targets, over the targets of the mini-batch;
  // and `tokens`, all that it read.
  Event learn(const LearnText& learn);
  // By row: `loss_sum`, cross entropy summed over the row's targets.
  Figures evaluate(const EvaluateText& evaluate) const;
  // All replicas call it. Whether this rank writes.
  bool save(const std::string& folder) const;

 private:
  Learner::Figures backward(const std::vector<LabelledRow>& rows, std::int64_t targets);

  ModelSource source_;
  std::unique_ptr<CausalLM> model_;
  Learner learner_;
};

}  // namespace ballast
