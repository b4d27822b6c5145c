#include "workers/actor.h"

#include <torch/types.h>
#include <torch/utils.h>

#include "algorithms/experience.h"
#include "algorithms/finite.h"
#include "algorithms/importance.h"
#include "algorithms/masked.h"
#include "workers/figures.h"
#include "workers/generation/end_tokens.h"
#include "workers/labelled_text.h"
#include "workers/model/tokenizer_files.h"

namespace ballast {
namespace {

// Puts prompts and responses, right-padded with 0 to max_length, and their lengths into the store.
void store_rollout(const Generate& command, const std::vector<TokenIds>& responses, BatchStore& store) {
  const auto rows = static_cast<std::int64_t>(command.prompts.size());
  const auto tokens_BL = at::zeros({rows, command.max_length}, at::kLong);
  const auto prompt_lengths_B = at::empty({rows}, at::kLong);
  const auto lengths_B = at::empty({rows}, at::kLong);
  for (std::int64_t row = 0; row < rows; ++row) {
    TokenIds tokens = command.prompts[row];
    prompt_lengths_B[row] = static_cast<std::int64_t>(tokens.size());
    tokens.insert(tokens.end(), responses[row].begin(), responses[row].end());
    const auto length = static_cast<std::int64_t>(tokens.size());
    TORCH_CHECK(length <= command.max_length, "row ", command.row_ids[row], " has ", length, " tokens, more than ",
                command.max_length);
    lengths_B[row] = length;
    tokens_BL[row].narrow(0, 0, length).copy_(at::tensor(tokens, at::kLong));
  }
  store.put(command.key, Field::Tokens, tokens_BL);
  store.put(command.key, Field::PromptLengths, prompt_lengths_B);
  store.put(command.key, Field::Lengths, lengths_B);
}

Generator make_generator(const WorkerSettings& settings, const CausalLM& model) {
  return Generator(model,
                   {.sampling = settings.sampling,
                    .end_tokens = end_tokens_of(settings.actor.model, model.config(), settings.sampling.eos_tokens),
                    .slots = settings.generation.slots,
                    .seed = settings.seed});
}

std::vector<TokenIds> tokens_of(const std::vector<Response>& responses) {
  std::vector<TokenIds> tokens;
  for (const auto& response : responses) tokens.push_back(response.tokens);
  return tokens;
}

// One value for each token of each response -> [B, T] at the predictions of these tokens, 0 elsewhere.
at::Tensor at_responses(const Generate& command, const std::vector<Response>& responses,
                        std::vector<float> Response::*values) {
  const auto values_BT = at::zeros({static_cast<std::int64_t>(responses.size()), command.max_length - 1}, at::kFloat);
  for (std::size_t row = 0; row < responses.size(); ++row) {
    const auto& of_row = responses[row].*values;
    auto* to = values_BT.mutable_data_ptr<float>() + static_cast<std::int64_t>(row) * values_BT.size(1);
    std::copy(of_row.begin(), of_row.end(), to + command.prompts[row].size() - 1);
  }
  return values_BT;
}

}  // namespace

Actor::Actor(const WorkerSettings& settings, std::int64_t training_steps, Replicas replicas)
    : ppo_(settings.ppo),
      old_log_probs_(settings.generation.old_log_probs),
      model_(CausalLM::from_source(settings.actor.model, Use::Learn, replicas.model_place())),
      tokenizer_(settings.actor.model.tokenizer_folder()),
      generator_(make_generator(settings, *model_)),
      learner_(model_->parameters(), settings.actor.optimizer, training_steps, replicas) {}

Figures Actor::generate(const Generate& command, BatchStore& store) {
  const torch::NoGradGuard no_grad;
  auto responses = command.responses;
  at::Tensor generated_BT;  // undefined: replayed
  if (responses.empty()) {
    const auto generated = generator_.continue_prompts(command);
    responses = tokens_of(generated);
    store.put(command.key, Field::SamplingLogProbs, at_responses(command, generated, &Response::sampling_log_probs));
    generated_BT = at_responses(command, generated, &Response::log_probs).to(store.device());
  }
  store_rollout(command, responses, store);
  const auto batch = RolloutBatch::from_store(store, command.key);
  std::map<std::string, at::Tensor> figures{{"generated_length", batch.mask_BT.sum(1)},
                                            {"truncated", truncated(responses)}};
  const auto log_probs_BT = old_log_probs(command, batch, generated_BT, figures);
  require_finite(masked_row_sum(log_probs_BT, batch.mask_BT), "log_probs");
  store.put(command.key, Field::LogProbs, log_probs_BT);
  return figures_by_row(command.row_ids, figures);
}

at::Tensor Actor::truncated(const std::vector<TokenIds>& responses) const {
  const auto truncated_B = at::zeros({static_cast<std::int64_t>(responses.size())}, at::kDouble);
  for (std::size_t row = 0; row < responses.size(); ++row) {
    truncated_B[static_cast<std::int64_t>(row)] = generator_.ended(responses[row]) ? 0.0 : 1.0;
  }
  return truncated_B;
}

at::Tensor Actor::log_probs(const BatchKey& key, const RolloutBatch& batch, bool keep_forward) {
  const auto hidden = [&] { return model_->hidden(batch.packed); };
  const auto hidden_NE = keep_forward ? forward_.score(key, hidden) : hidden();
  return batch.by_prediction(model_->next_token_log_probs(hidden_NE, batch.packed, batch.responses_N()));
}

at::Tensor Actor::importance(const BatchKey& key, const BatchStore& store) const {
  return importance_weights({.proximal_log_probs_BT = store.get(key, Field::ProximalLogProbs),
                             .behaviour_log_probs_BT = store.get(key, Field::LogProbs)},
                            ppo_.max_importance_weight);
}

Figures Actor::score(const Score& command, BatchStore& store) {
  const torch::NoGradGuard no_grad;
  const auto batch = RolloutBatch::from_store(store, command.key);
  const auto proximal_BT = log_probs(command.key, batch, command.keep_forward);
  require_finite(masked_row_sum(proximal_BT, batch.mask_BT), "proximal_log_probs");
  store.put(command.key, Field::ProximalLogProbs, proximal_BT);
  const auto weights_BT = importance(command.key, store).to(at::kDouble);
  const auto truncated_BT = (weights_BT >= ppo_.max_importance_weight).to(at::kDouble);
  return figures_by_row(command.row_ids,
                        {{"generated_length", batch.mask_BT.sum(1)},
                         {"importance_weight", masked_row_mean_or_zero(weights_BT, batch.mask_BT)},
                         {"max_importance_weight", std::get<0>(weights_BT.masked_fill(~batch.mask_BT, 0.0).max(1))},
                         {"importance_truncated_share", masked_row_mean_or_zero(truncated_BT, batch.mask_BT)}});
}

at::Tensor Actor::old_log_probs(const Generate& command, const RolloutBatch& batch, const at::Tensor& generated_BT,
                                std::map<std::string, at::Tensor>& figures) {
  const bool sampled = generated_BT.defined();
  if (sampled && old_log_probs_ == OldLogProbs::Generation) return generated_BT;
  const auto log_probs_BT = log_probs(command.key, batch, command.keep_forward);
  if (sampled) {
    const auto difference_BT = (log_probs_BT - generated_BT).abs();
    figures["log_prob_difference"] = masked_row_mean_or_zero(difference_BT, batch.mask_BT);
    figures["max_log_prob_difference"] = std::get<0>(difference_BT.masked_fill(~batch.mask_BT, 0.0).max(1));
  }
  return log_probs_BT;
}

Figures Actor::build_experience(const BuildExperience& command, BatchStore& store) const {
  const torch::NoGradGuard no_grad;
  const auto& key = command.key;
  const auto batch = RolloutBatch::from_store(store, key);
  ScoredRollout scored{
      .log_probs_BT = store.get(key, Field::LogProbs),
      .ref_log_probs_BT = store.get(key, Field::RefLogProbs),
      .mask_BT = batch.mask_BT,
      .reward = {.scores_BT = store.get(key, Field::Reward), .values_BT = store.get(key, Field::RewardValues)},
      .cost = std::nullopt};
  if (store.holds(key, Field::Cost)) {
    scored.cost = Judgement{.scores_BT = store.get(key, Field::Cost), .values_BT = store.get(key, Field::CostValues)};
  }
  const auto experience = make_experience(scored, ppo_);
  store.put(key, Field::RewardAdvantages, experience.reward.advantages_BT);
  store.put(key, Field::RewardReturns, experience.reward.returns_BT);
  if (experience.cost) {
    store.put(key, Field::CostAdvantages, experience.cost->advantages_BT);
    store.put(key, Field::CostReturns, experience.cost->returns_BT);
  }
  return figures_by_row(command.row_ids, experience.figures);
}

Event Actor::learn(const Learn& learn, const BatchStore& store) {
  Event event =
      learner_.step(learn.micro_batches, [&](std::size_t position) { return backward(learn, position, store); });
  forward_.drop();
  return event;
}

// With PTX the reference accumulates two backward passes and divides each by two: 1/2 (RL + ptx_coeff PTX).
Learner::Figures Actor::backward(const Learn& learn, std::size_t position, const BatchStore& store) {
  const BatchKey key{learn.batch, learn.micro_batches[position]};
  const auto batch = RolloutBatch::from_store(store, key);
  auto advantages_BT = store.get(key, Field::RewardAdvantages);
  if (store.holds(key, Field::CostAdvantages)) {
    advantages_BT = combined_advantages(advantages_BT, store.get(key, Field::CostAdvantages), learn.lambda);
  }
  const bool ahead = store.holds(key, Field::ProximalLogProbs);  // older parameters generated
  const auto& old_log_probs_BT = store.get(key, ahead ? Field::ProximalLogProbs : Field::LogProbs);
  const auto importance_BT = ahead ? importance(key, store) : at::Tensor();
  auto weights_BT = masked_mean_share_weights(batch.mask_BT, learn.rows);
  if (ahead) weights_BT = weights_BT * importance_BT;
  const auto old_log_probs_N = batch.by_token(old_log_probs_BT);
  const auto advantages_N = batch.by_token(advantages_BT);
  const auto weights_N = batch.by_token(weights_BT);
  const bool with_ptx = !learn.ptx.empty();
  const auto hidden_NE = forward_.learn(key, [&] { return model_->hidden(batch.packed); });
  const auto found = model_->next_token_loss(
      hidden_NE, batch.packed, batch.responses_N(), [&](const at::Tensor& log_probs_m, const at::Tensor& rows_m) {
        const auto of_rows = [&](const at::Tensor& x_N) { return x_N.index_select(0, rows_m); };
        const auto loss_m = policy_loss({.log_probs_BT = log_probs_m,
                                         .old_log_probs_BT = of_rows(old_log_probs_N),
                                         .advantages_BT = of_rows(advantages_N)},
                                        ppo_.clip.clip_range_ratio);
        return (loss_m * of_rows(weights_N)).sum() * (with_ptx ? 0.5 : 1.0);
      });
  const auto loss_BT = policy_loss({.log_probs_BT = batch.by_prediction(found.log_probs_N),
                                    .old_log_probs_BT = old_log_probs_BT,
                                    .advantages_BT = advantages_BT},
                                   ppo_.clip.clip_range_ratio);
  require_finite(masked_row_mean_or_zero(loss_BT, batch.mask_BT), "actor_loss");
  found.loss.backward();
  const auto weighted_BT = ahead ? loss_BT * importance_BT : loss_BT;
  const auto loss = masked_mean_share(weighted_BT, batch.mask_BT, learn.rows);
  Learner::Figures figures{{"actor_loss", loss.item<double>()}};
  if (with_ptx) figures["ptx_loss"] = ptx_backward(learn, position);
  return figures;
}

double Actor::ptx_backward(const Learn& learn, std::size_t position) {
  std::int64_t targets = 0;
  for (const auto& rows : learn.ptx) targets += target_tokens(rows);
  const auto loss = text_loss(*model_, learn.ptx[position], targets);
  require_finite(loss.unsqueeze(0), "ptx_loss");
  (loss * (ppo_.ptx_coeff / 2)).backward();
  return loss.item<double>();
}

bool Actor::save(const std::string& folder) const {
  const bool writes = learner_.saves() && model_->save(folder);
  if (writes) copy_tokenizer(tokenizer_, folder);
  return writes;
}

}  // namespace ballast
