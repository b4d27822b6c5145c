#include "workers/critic.h"

#include <torch/types.h>
#include <torch/utils.h>

#include "algorithms/finite.h"
#include "algorithms/masked.h"
#include "algorithms/ppo_loss.h"
#include "workers/model/tokenizer_files.h"
#include "workers/rollout_batch.h"
#include "workers/starting_model.h"

namespace ballast {
namespace {

const TrainedRoleSettings& of_role(Role role, const WorkerSettings& settings) {
  return role == Role::RewardCritic ? settings.reward_critic : settings.cost_critic;
}

}  // namespace

Critic::Critic(Role role, const WorkerSettings& settings, std::int64_t training_steps, Replicas replicas)
    : name_(role == Role::RewardCritic ? "reward" : "cost"),
      values_(role == Role::RewardCritic ? Field::RewardValues : Field::CostValues),
      returns_(role == Role::RewardCritic ? Field::RewardReturns : Field::CostReturns),
      clip_range_(settings.ppo.clip.clip_range_value),
      tokenizer_(starting_model(role, settings).tokenizer_folder()),
      model_(ScoreModel::from_source(starting_model(role, settings), ScoreType::Critic, Use::Learn,
                                     replicas.model_place())),
      learner_(model_->parameters(), of_role(role, settings).optimizer, training_steps, replicas) {}

void Critic::score(const Score& command, BatchStore& store) {
  const torch::NoGradGuard no_grad;
  const auto batch = RolloutBatch::from_store(store, command.key);
  const auto values = [&] { return model_->scores(batch.packed); };
  const auto values_N = command.keep_forward ? forward_.score(command.key, values) : values();
  store.put(command.key, values_, batch.by_prediction(values_N));
}

Event Critic::learn(const Learn& learn, const BatchStore& store) {
  Event event = learner_.step(learn.micro_batches, [&](std::size_t position) {
    return backward({learn.batch, learn.micro_batches[position]}, learn.rows, store);
  });
  forward_.drop();
  return event;
}

Learner::Figures Critic::backward(const BatchKey& key, std::int64_t rows, const BatchStore& store) {
  const auto batch = RolloutBatch::from_store(store, key);
  const auto values_BT = batch.by_prediction(forward_.learn(key, [&] { return model_->scores(batch.packed); }));
  const auto loss_BT = critic_loss(
      {.values_BT = values_BT, .old_values_BT = store.get(key, values_), .returns_BT = store.get(key, returns_)},
      clip_range_);
  require_finite(masked_row_mean_or_zero(loss_BT, batch.mask_BT), name_ + "_critic_loss");
  const auto loss = masked_mean_share(loss_BT, batch.mask_BT, rows);
  loss.backward();
  return {{name_ + "_critic_loss", loss.item<double>()},
          {name_ + "_value", masked_mean_share(values_BT.detach(), batch.mask_BT, rows).item<double>()}};
}

bool Critic::save(const std::string& folder) const {
  const bool writes = learner_.saves() && model_->save(folder);
  if (writes) copy_tokenizer(tokenizer_, folder);
  return writes;
}

}  // namespace ballast
