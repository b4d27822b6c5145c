#include "orchestrator/cast_handles.h"

#include <algorithm>
#include <set>
#include <utility>

namespace ballast {
namespace {

std::vector<int> all_ranks(const Placement& placement) {
  std::set<int> ranks;
  for (const auto& [role, layout] : placement) ranks.insert(layout.ranks().begin(), layout.ranks().end());
  return {ranks.begin(), ranks.end()};
}

Generate generate_command(const BatchRef& rollout, int micro_batch, const std::vector<PromptRow>& rows) {
  Generate command{.key = rollout.key(micro_batch),
                   .iteration = rollout.iteration(),
                   .max_length = rollout.max_length(),
                   .row_ids = rollout.row_ids(micro_batch),
                   .prompts = {},
                   .responses = {}};
  for (const auto& row : rows) {
    command.prompts.push_back(row.prompt);
    if (!row.response.empty()) command.responses.push_back(row.response);
  }
  return command;
}

}  // namespace

CastHandles::CastHandles(const Placement& placement, CommandStream& stream, Metrics& metrics)
    : placement_(placement),
      stream_(stream),
      metrics_(metrics),
      actor_(handle(Role::Actor)),
      reference_(handle(Role::Reference)),
      reward_(handle(Role::Reward)),
      reward_critic_(handle(Role::RewardCritic)) {
  if (placement.contains(Role::Cost)) {
    cost_.emplace(handle(Role::Cost));
    cost_critic_.emplace(handle(Role::CostCritic));
  }
}

RoleHandle CastHandles::handle(Role role) { return {role, placement_.at(role), schedule_}; }

std::vector<RoleHandle*> CastHandles::scoring_roles() {
  std::vector<RoleHandle*> roles{&reference_, &reward_};
  if (cost_) roles.push_back(&*cost_);
  roles.push_back(&reward_critic_);
  if (cost_critic_) roles.push_back(&*cost_critic_);
  return roles;
}

void CastHandles::load(std::int64_t training_steps) {
  actor_.load(training_steps);
  for (auto* role : scoring_roles()) role->load(training_steps);
  flush();
  stream_.wait_all();
}

BatchRef CastHandles::generate(const PromptBatch& prompts, std::int64_t iteration, std::int64_t report_responses) {
  iteration_ = iteration;
  BatchRef::Shape shape{
      .batch = next_batch_++, .iteration = iteration, .max_length = prompts.max_length, .row_ids = {}};
  for (const auto& rows : prompts.micro_batches) {
    auto& ids = shape.row_ids.emplace_back();
    for (const auto& row : rows) ids.push_back(row.id);
  }
  BatchRef rollout(std::move(shape), all_ranks(placement_), schedule_);
  for (int m = 0; m < rollout.micro_batches(); ++m) {
    auto command = generate_command(rollout, m, prompts.micro_batches[m]);
    command.report_responses = m == 0 ? report_responses : 0;
    schedule_.record({.iteration = iteration, .micro_batch = m, .ranks = actor_.ranks_of(m), .body = command});
  }
  return rollout;
}

Scored CastHandles::score(const BatchRef& rollout) {
  record_scores(rollout);
  flush();
  Scored scored{.rollout = rollout, .costs = {}, .rows_by_micro_batch = {}};
  stream_.wait_until([&] { return metrics_.complete(rollout.id(), rollout.micro_batches(), "generated_length"); });
  for (int m = 0; m < rollout.micro_batches(); ++m) {
    const auto& lengths = metrics_.rows(rollout.key(m), "generated_length");
    scored.rows_by_micro_batch.push_back(std::ranges::count_if(lengths, [](double length) { return length > 0; }));
  }
  record_experience(rollout);
  flush();
  if (constrained()) {
    stream_.wait_until([&] { return metrics_.complete(rollout.id(), rollout.micro_batches(), "cost"); });
    for (int m = 0; m < rollout.micro_batches(); ++m) {
      const auto& costs = metrics_.rows(rollout.key(m), "cost");
      scored.costs.insert(scored.costs.end(), costs.begin(), costs.end());
    }
  }
  return scored;
}

void CastHandles::record_scores(const BatchRef& rollout) {
  std::vector<Flow> out;
  for (const auto* role : scoring_roles()) {
    out.push_back({actor_, *role, {Field::Tokens, Field::PromptLengths, Field::Lengths}});
  }
  record_transfers(schedule_, rollout, out, stream_.cast().hosts);
  for (auto* role : scoring_roles()) role->score(rollout);
}

void CastHandles::record_experience(const BatchRef& rollout) {
  std::vector<Flow> back{{reference_, actor_, {Field::RefLogProbs}},
                         {reward_, actor_, {Field::Reward}},
                         {reward_critic_, actor_, {Field::RewardValues}}};
  std::vector<Flow> returns{{actor_, reward_critic_, {Field::RewardReturns}}};
  if (constrained()) {
    back.push_back({*cost_, actor_, {Field::Cost}});
    back.push_back({*cost_critic_, actor_, {Field::CostValues}});
    returns.push_back({actor_, *cost_critic_, {Field::CostReturns}});
  }
  record_transfers(schedule_, rollout, back, stream_.cast().hosts);
  for (int m = 0; m < rollout.micro_batches(); ++m) {
    schedule_.record({.iteration = rollout.iteration(),
                      .micro_batch = m,
                      .ranks = actor_.ranks_of(m),
                      .body = BuildExperience{rollout.key(m), rollout.row_ids(m)}});
  }
  record_transfers(schedule_, rollout, returns, stream_.cast().hosts);
}

void CastHandles::learn(const TrainStep& step, const MiniBatch& mini, std::int64_t iteration) {
  const Learn learn{.step = step.step,
                    .batch = step.batch,
                    .micro_batches = mini.micro_batches,
                    .rows = mini.rows,
                    .lambda = step.lambda,
                    .ptx = {}};
  Learn with_ptx = learn;
  with_ptx.ptx = mini.ptx;
  actor_.learn(std::move(with_ptx), iteration);
  reward_critic_.learn(learn, iteration);
  if (cost_critic_) cost_critic_->learn(learn, iteration);
  flush();
}

void CastHandles::save(const std::string& folder) {
  actor_.save(folder + "/actor", iteration_);
  reward_critic_.save(folder + "/reward_critic", iteration_);
  if (cost_critic_) cost_critic_->save(folder + "/cost_critic", iteration_);
  flush();
}

void CastHandles::flush() { stream_.append(schedule_.take()); }

std::vector<MiniBatch> mini_batches(const Scored& scored, const PromptBatch& prompts, const BatchConfig& config) {
  const auto micro_batches = static_cast<std::int64_t>(prompts.micro_batches.size());
  const auto per_mini = config.mini_batch / config.micro_batch;
  std::vector<MiniBatch> result;
  for (std::int64_t begin = 0; begin < micro_batches; begin += per_mini) {
    auto& mini = result.emplace_back();
    for (auto m = begin; m < std::min(begin + per_mini, micro_batches); ++m) {
      mini.micro_batches.push_back(static_cast<int>(m));
      mini.rows += scored.rows_by_micro_batch[m];
      if (!prompts.ptx.empty()) mini.ptx.push_back(prompts.ptx[m]);
    }
    mini.rows = std::max<std::int64_t>(mini.rows, 1);  // empty responses only: a loss of 0, not of 0/0
  }
  return result;
}

}  // namespace ballast
