// All role handles of a Safe RLHF run and the steps that involve several of them.
#pragma once
#include <optional>
#include <vector>

#include "orchestrator/command_stream.h"
#include "orchestrator/metrics.h"
#include "orchestrator/mini_batch.h"
#include "orchestrator/prompts.h"
#include "orchestrator/role_handle.h"

namespace ballast {

// A rollout as it is learned.
struct LearningCut {
  BatchRef batch;  // the rollout, or its rows cut anew by tokens
  std::vector<MiniBatch> mini_batches;
};

struct CastOptions {
  std::optional<TokenBudget> budget;  // of training micro-batches; none: the rollout's are learned
  bool one_step_ahead = false;        // the actor learns each rollout with newer parameters than generated it
};

class CastHandles {
 public:
  CastHandles(const Placement& placement, CommandStream& stream, Metrics& metrics, CastOptions options = {});

  bool constrained() const { return cost_.has_value(); }
  // Every role reads its model; waits until all have. Throws RunFailed when one cannot.
  void load(std::int64_t training_steps);
  // Records generation for every micro-batch. Of so many rows of the first one the event brings the responses.
  BatchRef generate(const PromptBatch& prompts, std::int64_t iteration, std::int64_t report_responses = 0);
  // Orders transfers and scoring by every frozen role and critic, with the generation that is recorded.
  void order_scores(const BatchRef& rollout);
  // Waits for the lengths, orders the experience, then waits for the costs.
  Scored scored(const BatchRef& rollout);
  // Cuts the rollout into mini-batches; where they are cut by tokens, records that their rows move to the replicas that
  // learn them.
  LearningCut cut(const Scored& scored, const PromptBatch& prompts, const BatchConfig& config);
  // Record optimizer steps of the critics; order them, with all that is recorded, of the actor. Do not wait.
  void learn_critics(const LearningCut& cut, const std::vector<TrainStep>& steps);
  void learn_actor(const LearningCut& cut, const std::vector<TrainStep>& steps);
  void save(const std::string& folder);

 private:
  // Appends what is recorded to the ranks' queues.
  void flush();
  void record_scores(const BatchRef& rollout);
  void record_experience(const BatchRef& rollout);
  // A batch for the regrouped rows, filled on every role that learns.
  BatchRef record_regrouping(const BatchRef& rollout, const Regrouping& rows);
  RoleHandle handle(Role role);
  std::vector<RoleHandle*> scoring_roles();

  Placement placement_;
  CommandStream& stream_;
  Metrics& metrics_;
  CastOptions options_;
  Schedule schedule_;
  RoleHandle actor_, reference_, reward_, reward_critic_;
  std::optional<RoleHandle> cost_, cost_critic_;
  std::uint64_t next_batch_ = 1;
  std::int64_t iteration_ = 0;  // of the last rollout, for messages
};

}  // namespace ballast
