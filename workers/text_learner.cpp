#include "workers/text_learner.h"

#include <torch/types.h>
#include <torch/utils.h>

#include "algorithms/finite.h"
#include "workers/labelled_text.h"
#include "workers/model/tokenizer_files.h"

namespace ballast {

TextLearner::TextLearner(const SupervisedSettings& settings, std::int64_t training_steps, Replicas replicas)
    : source_(settings.model),
      model_(CausalLM::from_source(settings.model, Use::Learn, replicas.model_place())),
      learner_(model_->parameters(), settings.optimizer, training_steps, replicas) {}

Event TextLearner::learn(const LearnText& learn) {
  return learner_.step(learn.micro_batches.size(), [&](std::size_t micro_batch) {
    return backward(learn.micro_batches[micro_batch], learn.targets);
  });
}

Learner::Figures TextLearner::backward(const std::vector<LabelledRow>& rows, std::int64_t targets) {
  const auto loss = text_loss(*model_, rows, targets);
  require_finite(loss.unsqueeze(0), "loss");
  loss.backward();
  double tokens = 0.0;
  for (const auto& row : rows) tokens += static_cast<double>(row.tokens.size());
  return {{"loss", loss.item<double>()}, {"tokens", tokens}};
}

Figures TextLearner::evaluate(const EvaluateText& evaluate) const {
  const torch::NoGradGuard no_grad;
  const auto log_probs_N = target_log_probs(*model_, evaluate.rows).to(torch::kCPU, torch::kDouble);
  Figures figures{.ids = evaluate.row_ids, .values = {}};
  std::int64_t begin = 0;
  for (const auto& row : evaluate.rows) {
    const auto length = static_cast<std::int64_t>(row.tokens.size());
    figures.values["loss_sum"].push_back(-log_probs_N.narrow(0, begin, length).sum().item<double>());
    begin += length;
  }
  return figures;
}

bool TextLearner::save(const std::string& folder) const {
  const bool writes = learner_.saves() && model_->save(folder);
  if (writes) copy_tokenizer(source_.tokenizer_folder(), folder);
  return writes;
}

}  // namespace ballast
