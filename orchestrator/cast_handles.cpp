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

Learn learn_command(const TrainStep& step) {
  return {.step = step.step,
          .batch = step.mini.batch,
          .micro_batches = step.mini.learned,
          .rows = step.mini.rows,
          .lambda = step.lambda,
          .ptx = {}};
}

}  // namespace

CastHandles::CastHandles(const Placement& placement, CommandStream& stream, Metrics& metrics, CastOptions options)
    : placement_(placement),
      stream_(stream),
      metrics_(metrics),
      options_(options),
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
    command.keep_forward = !options_.budget && !options_.one_step_ahead;
    schedule_.record({.iteration = iteration, .micro_batch = m, .ranks = actor_.ranks_of(m), .body = command});
  }
  return rollout;
}

void CastHandles::order_scores(const BatchRef& rollout) {
  if (options_.one_step_ahead) flush();  // all generation before the first transfer: the critics still learn
  record_scores(rollout);
  flush();
}

Scored CastHandles::scored(const BatchRef& rollout) {
  Scored scored{.rollout = rollout, .costs = {}, .response_tokens = {}};
  stream_.wait_until([&] { return metrics_.complete(rollout.id(), rollout.micro_batches(), "generated_length"); });
  for (int m = 0; m < rollout.micro_batches(); ++m) {
    const auto& lengths = metrics_.rows(rollout.key(m), "generated_length");
    scored.response_tokens.emplace_back(lengths.begin(), lengths.end());
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
  for (auto* role : scoring_roles()) role->score(rollout, !options_.budget);
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

LearningCut CastHandles::cut(const Scored& scored, const PromptBatch& prompts, const BatchConfig& config) {
  LearningCut cut{.batch = scored.rollout, .mini_batches = mini_batches(scored, prompts, config)};
  if (!options_.budget) return cut;
  cut.batch = record_regrouping(scored.rollout, cut_by_tokens(cut.mini_batches, scored, prompts, *options_.budget));
  for (auto& mini : cut.mini_batches) mini.batch = cut.batch.id();
  return cut;
}

BatchRef CastHandles::record_regrouping(const BatchRef& rollout, const Regrouping& rows) {
  BatchRef::Shape shape{
      .batch = next_batch_++, .iteration = rollout.iteration(), .max_length = rollout.max_length(), .row_ids = {}};
  for (const auto& places : rows) {
    auto& ids = shape.row_ids.emplace_back();
    for (const auto& [micro_batch, row] : places) ids.push_back(rollout.row_ids(micro_batch)[row]);
  }
  const BatchRef regrouped(std::move(shape), all_ranks(placement_), schedule_);
  const auto regroup = [&](RoleHandle& role, std::vector<Field> fields) {
    fields.insert(fields.begin(), {Field::Tokens, Field::PromptLengths, Field::Lengths});
    role.regroup(rollout, regrouped, rows, std::move(fields));
  };
  regroup(reward_critic_, {Field::RewardValues, Field::RewardReturns});
  if (cost_critic_) regroup(*cost_critic_, {Field::CostValues, Field::CostReturns});
  std::vector<Field> of_actor{Field::LogProbs, Field::RewardAdvantages};
  if (constrained()) of_actor.push_back(Field::CostAdvantages);
  regroup(actor_, std::move(of_actor));
  return regrouped;
}

void CastHandles::learn_critics(const LearningCut& cut, const std::vector<TrainStep>& steps) {
  for (const auto& step : steps) {
    reward_critic_.learn(learn_command(step), cut.batch.iteration());
    if (cost_critic_) cost_critic_->learn(learn_command(step), cut.batch.iteration());
  }
}

void CastHandles::learn_actor(const LearningCut& cut, const std::vector<TrainStep>& steps) {
  if (options_.one_step_ahead) actor_.score(cut.batch, /*keep_forward=*/true);
  for (const auto& step : steps) {
    auto learn = learn_command(step);
    learn.ptx = step.mini.ptx;
    actor_.learn(std::move(learn), cut.batch.iteration());
  }
  flush();
}

void CastHandles::save(const std::string& folder) {
  actor_.save(folder + "/actor", iteration_);
  reward_critic_.save(folder + "/reward_critic", iteration_);
  if (cost_critic_) cost_critic_->save(folder + "/cost_critic", iteration_);
  flush();
}

void CastHandles::flush() { stream_.append(schedule_.take()); }

}  // namespace ballast
