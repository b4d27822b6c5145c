// A trained role that values every position: reward critic or cost critic.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "workers/batch_store.h"
#include "workers/commands.h"
#include "workers/kept_forward.h"
#include "workers/learner.h"
#include "workers/model/score_model.h"
#include "workers/worker_settings.h"

namespace ballast {

class Critic {
 public:
  // Starts from the reward (cost) model, its head included, unless the settings name another.
  Critic(Role role, const WorkerSettings& settings, std::int64_t training_steps, Replicas replicas);

  // Leaves the values [B, T] in the store.
  void score(const Score& command, BatchStore& store);
  Event learn(const Learn& learn, const BatchStore& store);
  // All replicas call it. Whether this rank writes.
  bool save(const std::string& folder) const;

 private:
  Learner::Figures backward(const BatchKey& key, std::int64_t rows, const BatchStore& store);

  std::string name_;
  Field values_, returns_;
  double clip_range_;
  std::optional<std::filesystem::path> tokenizer_;
  std::unique_ptr<ScoreModel> model_;
  Learner learner_;
  KeptForward forward_;  // values
};

}  // namespace ballast
