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
struct LearningPlan {
  BatchRef batch;  // the rollout, or its rows cut anew by tokens
  std::vector<MiniBatch> mini_batches;
};

struct CastOptions {
  std::optional<TokenBudget> budget;  // of training micro-batches; none: the rollout's are learned
};

class CastHandles {
 public:
  CastHandles(const Placement& placement, CommandStream& stream, Metrics& metrics, CastOptions options = {});

  bool constrained() const { return cost_.has_value(); }
  // Every role reads its model; waits until all have. Throws RunFailed when one cannot.
  void load(std::int64_t training_steps);
  // Records generation for every micro-batch. Of so many rows of the first one the event brings the responses.
  BatchRef generate(const PromptBatch& prompts, std::int64_t iteration, std::int64_t report_responses = 0);
  // Records transfers and scoring by every frozen role and critic, then the experience; waits for lengths and costs.
  Scored score(const BatchRef& rollout);
  // Cuts the rollout into mini-batches; where they are cut by tokens, records that their rows move to the replicas that
  // learn them.
  LearningPlan plan(const Scored& scored, const PromptBatch& prompts, const BatchConfig& config);
  // Orders one optimizer step of the actor and the critics. Does not wait.
  void learn(const TrainStep& step, std::int64_t iteration);
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
