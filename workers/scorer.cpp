#include "workers/scorer.h"

#include <c10/util/Exception.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <utility>

#include "algorithms/finite.h"
#include "algorithms/masked.h"
#include "workers/data/continuation_text.h"
#include "workers/data/tokenizer_folder.h"
#include "workers/figures.h"
#include "workers/generation/end_tokens.h"
#include "workers/learned_reward.h"
#include "workers/model/causal_lm.h"
#include "workers/rollout_batch.h"
#include "workers/starting_model.h"
#include "workers/vocabulary.h"

namespace ballast {
namespace {

class ReferenceScorer : public Scorer {
 public:
  ReferenceScorer(const ModelSource& source, const ModelPlace& place)
      : model_(CausalLM::from_source(source, Use::Infer, place)) {}

  Figures score(const Score& command, BatchStore& store) override {
    const torch::NoGradGuard no_grad;
    const auto batch = RolloutBatch::from_store(store, command.key);
    store.put(command.key, Field::RefLogProbs,
              batch.by_prediction(model_->next_token_log_probs(batch.packed, batch.responses_N())));
    return {};
  }

 private:
  std::unique_ptr<CausalLM> model_;
};

// Reads the actor's tokens for the rewards that need text.
class ActorText {
 public:
  ActorText(std::unique_ptr<Tokenizer> tokenizer, std::vector<std::int64_t> end_tokens)
      : tokenizer_(std::move(tokenizer)), end_tokens_(std::move(end_tokens)) {}

  // tokens_L int64: prompt and response without padding.
  Completion completion(const at::Tensor& tokens_L, std::int64_t prompt_length) const {
    const std::span ids(tokens_L.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(tokens_L.size(0)));
    const auto prompt_ids = ids.first(static_cast<std::size_t>(prompt_length));
    return {.prompt = tokenizer_->decode(prompt_ids),
            .response = continuation_text(*tokenizer_, ids, prompt_ids.size()),
            .ended = ends(ids.subspan(prompt_ids.size()), end_tokens_)};
  }

 private:
  std::unique_ptr<Tokenizer> tokenizer_;
  std::vector<std::int64_t> end_tokens_;
};

// Reward or cost, by a model or by a rule.
class RewardScorer : public Scorer {
 public:
  RewardScorer(Field field, std::unique_ptr<RewardFunction> reward, std::optional<ActorText> text)
      : field_(field), reward_(std::move(reward)), text_(std::move(text)) {}

  Figures score(const Score& command, BatchStore& store) override {
    const torch::NoGradGuard no_grad;
    const auto batch = RolloutBatch::from_store(store, command.key);
    const auto scores_BT = reward_->score(rollout(command.key, batch.mask_BT, store)).contiguous();
    const auto sums_B = masked_row_sum(scores_BT, batch.mask_BT);
    require_finite(sums_B, to_string(field_));
    store.put(command.key, field_, scores_BT);
    return figures_by_row(command.row_ids, {{std::string(to_string(field_)), sums_B}});
  }

 private:
  Rollout rollout(const BatchKey& key, const at::Tensor& mask_BT, const BatchStore& store) const {
    const auto tokens_BL = store.get(key, Field::Tokens).cpu().contiguous();
    const auto lengths_B = store.get(key, Field::Lengths).cpu();
    const auto prompt_lengths_B = store.get(key, Field::PromptLengths).cpu();
    return {.tokens_BL = store.get(key, Field::Tokens),
            .lengths_B = store.get(key, Field::Lengths),
            .mask_BT = mask_BT,
            .completion = [this, tokens_BL, lengths_B, prompt_lengths_B](std::int64_t row) {
              TORCH_CHECK(text_, "this reward reads no text");
              return text_->completion(tokens_BL[row].narrow(0, 0, lengths_B[row].item<std::int64_t>()),
                                       prompt_lengths_B[row].item<std::int64_t>());
            }};
  }

  Field field_;
  std::unique_ptr<RewardFunction> reward_;
  std::optional<ActorText> text_;
};

std::unique_ptr<RewardFunction> make_learned_reward(const ScorerSettings& settings, ScoreType type,
                                                    const ModelSource& actor, const ModelPlace& place) {
  auto model = ScoreModel::from_source(settings.model, type, Use::Infer, place);
  model->set_normalize(settings.normalize);
  if (share_vocabulary(settings.model, actor)) return std::make_unique<LearnedReward>(std::move(model));
  return std::make_unique<RetokenizedReward>(
      std::move(model), RetokenizedReward::Tokenizers{.actor = load_tokenizer(*actor.tokenizer_folder()),
                                                      .own = load_tokenizer(*settings.model.tokenizer_folder())});
}

std::unique_ptr<Scorer> make_reward_scorer(Role role, const WorkerSettings& settings, const ModelPlace& place) {
  const bool is_cost = role == Role::Cost;
  const auto field = is_cost ? Field::Cost : Field::Reward;
  const auto& own = is_cost ? settings.cost : settings.reward;
  const auto& actor = settings.actor.model;
  if (own.rule_content) {
    return std::make_unique<RewardScorer>(
        field, make_rule(*own.rule_content),
        ActorText(load_tokenizer(*actor.tokenizer_folder()),
                  end_tokens_of(actor, model_config(actor), settings.sampling.eos_tokens)));
  }
  auto reward = make_learned_reward(own, is_cost ? ScoreType::Cost : ScoreType::Reward, actor, place);
  return std::make_unique<RewardScorer>(field, std::move(reward), std::nullopt);
}

}  // namespace

std::unique_ptr<Scorer> make_scorer(Role role, const WorkerSettings& settings, const ModelPlace& place) {
  switch (role) {
    case Role::Reference:
      return std::make_unique<ReferenceScorer>(starting_model(role, settings), place);
    case Role::Reward:
    case Role::Cost:
      return make_reward_scorer(role, settings, place);
    default:
      TORCH_CHECK(false, "the role ", to_string(role), " is no frozen scorer");
  }
}

}  // namespace ballast
