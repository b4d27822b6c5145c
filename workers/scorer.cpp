#include "workers/scorer.h"

#include <c10/util/Exception.h>
#include <torch/torch.h>

#include <utility>

#include "algorithms/finite.h"
#include "workers/model/causal_lm.h"
#include "workers/model/score_model.h"
#include "workers/rollout_batch.h"

namespace ballast {
namespace {

class ReferenceScorer : public Scorer {
 public:
  explicit ReferenceScorer(const ModelSource& source) : model_(CausalLM::from_source(source, Use::Infer)) {}

  Figures score(const Score& command, BatchStore& store) override {
    const torch::NoGradGuard no_grad;
    const auto batch = RolloutBatch::from_store(store, command.key);
    store.put(command.key, Field::RefLogProbs, batch.by_prediction(model_->next_token_log_probs(batch.packed)));
    return {};
  }

 private:
  std::unique_ptr<CausalLM> model_;
};

// Reward or cost model: one score for each row, at its last token.
class EndScorer : public Scorer {
 public:
  EndScorer(Field field, const ScorerSettings& settings, ScoreType type)
      : field_(field), model_(ScoreModel::from_source(settings.model, type, Use::Infer)) {
    model_->set_normalize(settings.normalize);
  }

  Figures score(const Score& command, BatchStore& store) override {
    const torch::NoGradGuard no_grad;
    const auto batch = RolloutBatch::from_store(store, command.key);
    const auto scores_B = model_->end_scores(batch.packed).contiguous();
    require_finite(scores_B, to_string(field_));
    store.put(command.key, field_, scores_B);
    const auto* begin = scores_B.const_data_ptr<float>();
    return {.ids = command.row_ids,
            .values = {{std::string(to_string(field_)), std::vector<double>(begin, begin + scores_B.numel())}}};
  }

 private:
  Field field_;
  std::unique_ptr<ScoreModel> model_;
};

}  // namespace

std::unique_ptr<Scorer> make_scorer(Role role, const WorkerSettings& settings) {
  switch (role) {
    case Role::Reference:
      return std::make_unique<ReferenceScorer>(settings.reference.model.given() ? settings.reference.model
                                                                                : settings.actor.model);
    case Role::Reward:
      return std::make_unique<EndScorer>(Field::Reward, settings.reward, ScoreType::Reward);
    case Role::Cost:
      return std::make_unique<EndScorer>(Field::Cost, settings.cost, ScoreType::Cost);
    default:
      TORCH_CHECK(false, "the role ", to_string(role), " is no frozen scorer");
  }
}

}  // namespace ballast
