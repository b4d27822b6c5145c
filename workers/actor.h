// The policy: generates, builds the experience, learns.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "workers/batch_store.h"
#include "workers/commands.h"
#include "workers/generation/generator.h"
#include "workers/kept_forward.h"
#include "workers/learner.h"
#include "workers/model/causal_lm.h"
#include "workers/rollout_batch.h"
#include "workers/worker_settings.h"

namespace ballast {

class Actor {
 public:
  Actor(const WorkerSettings& settings, std::int64_t training_steps, Replicas replicas);

  // Continues the prompts, or replays the responses that are given, and leaves the rollout in the store.
  // Returns by row `generated_length`, `truncated` (1 where a response does not end with EOS, else 0), and, where
  // log-probs of sampled responses were recomputed, their difference from those of decoding over the response:
  // `log_prob_difference`, the mean absolute one, and `max_log_prob_difference`.
  Figures generate(const Generate& command, BatchStore& store);
  // Leaves the log-probs of the parameters as they are now in the store: the policy that learning the rollout starts
  // from, where it is newer than the one that generated. Returns by row `generated_length` and, of the importance
  // weights of the response's tokens, `importance_weight`, their mean, `max_importance_weight`, and
  // `importance_truncated_share`.
  Figures score(const Score& command, BatchStore& store);
  // KL-shaped rewards and costs -> advantages and returns in the store; returns the figures of algorithms/experience.h.
  Figures build_experience(const BuildExperience& command, BatchStore& store) const;
  Event learn(const Learn& learn, const BatchStore& store);
  // All replicas call it. Whether this rank writes.
  bool save(const std::string& folder) const;

 private:
  Learner::Figures backward(const Learn& learn, std::size_t position, const BatchStore& store);
  // The language-model term of one micro-batch; returns its loss before the coefficient.
  double ptx_backward(const Learn& learn, std::size_t position);

  at::Tensor truncated(const std::vector<TokenIds>& responses) const;
  // The log-probs of the rollout in training's forward pass, [B, T].
  at::Tensor log_probs(const BatchKey& key, const RolloutBatch& batch, bool keep_forward);
  // [B, T], where the store has the proximal policy's log-probs.
  at::Tensor importance(const BatchKey& key, const BatchStore& store) const;
  // The old policy's log-probs of the rollout, [B, T]; adds what it finds to `figures`.
  at::Tensor old_log_probs(const Generate& command, const RolloutBatch& batch, const at::Tensor& generated_BT,
                           std::map<std::string, at::Tensor>& figures);

  PpoConfig ppo_;
  OldLogProbs old_log_probs_;
  std::unique_ptr<CausalLM> model_;
  std::optional<std::filesystem::path> tokenizer_;
  Generator generator_;
  Learner learner_;
  KeptForward forward_;  // hidden states
};

}  // namespace ballast
