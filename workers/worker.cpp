#include "workers/worker.h"

#include <c10/core/DeviceGuard.h>
#include <fmt/format.h>

#include <utility>

#include "workers/regroup.h"
#include "workers/role_settings.h"
#include "workers/rollout_batch.h"
#include "workers/saved_files.h"
#include "workers/transfer.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

// One sentence of what LibTorch says, which adds a stack trace.
std::string sentence_of(const c10::Error& error, c10::Device device) {
  const std::string text = error.what_without_backtrace();
  return device.is_cpu() ? text : fmt::format("on {}: {}", device.str(), text.substr(0, text.find('\n')));
}

}  // namespace

Worker::Worker(WorkerSettings settings, Links links)
    : settings_(std::move(settings)), links_(std::move(links)), store_(links_.device), peaks_(links_.device) {}

void Worker::run() {
  const c10::DeviceGuard guard(links_.device);
  bool failed = false;
  while (const auto command = links_.commands.next()) {
    if (!failed) failed = !work_on(*command);
  }
}

bool Worker::work_on(const Command& command) {
  report({.command = command.number, .kind = EventKind::started});
  const double begin = steady_seconds();
  Event event;
  try {
    event = execute(command);
    if (!reports_figures_of(command)) event = {};
    event.kind = EventKind::finished;
  } catch (const UserError& error) {
    event = {.kind = EventKind::failed, .error = error.what(), .user_error = true};
  } catch (const c10::Error& error) {
    event = {.kind = EventKind::failed, .error = sentence_of(error, links_.device)};
  } catch (const std::exception& error) {
    event = {.kind = EventKind::failed, .error = error.what()};
  }
  event.command = command.number;
  event.moved = links_.traffic.take(command);
  event.seconds = steady_seconds() - begin;
  report(event);
  return event.kind == EventKind::finished;
}

void Worker::report(Event event) {
  event.store_bytes = store_.bytes();
  if (event.kind == EventKind::finished) event.peak_bytes = peaks_.grown();
  event.clock = steady_seconds();
  links_.commands.report(event);
}

Event Worker::execute(const Command& command) {
  return std::visit([this](const auto& body) { return execute(body); }, command.body);
}

// The shards of a model find the same figures: the first reports them.
bool Worker::reports_figures_of(const Command& command) const {
  const auto role = role_of(command);
  return !role || place_of(*role).shards.index() == 0;
}

Replicas Worker::replicas_of(Role role, bool zero) const {
  return {.communicator = links_.traffic.replicas(role),
          .lanes = static_cast<int>(settings_.gradient_lanes),
          .zero = zero,
          .timeout = settings_.transfer_timeout(),
          .place = place_of(role)};
}

ModelPlace Worker::place_of(Role role) const {
  return {links_.device, {.communicator = links_.traffic.shards(role), .timeout = settings_.transfer_timeout()}};
}

Event Worker::execute(const Load& load) {
  const auto replicas = replicas_of(load.role, shares_optimizer(load.role, settings_));
  switch (load.role) {
    case Role::Actor:
      actor_ = std::make_unique<Actor>(settings_, load.training_steps, replicas);
      break;
    case Role::Reference:
    case Role::Reward:
    case Role::Cost:
      scorers_[load.role] = make_scorer(load.role, settings_, replicas.place);
      break;
    case Role::RewardCritic:
    case Role::CostCritic:
      critics_[load.role] = std::make_unique<Critic>(load.role, settings_, load.training_steps, replicas);
      break;
  }
  return {};
}

Event Worker::execute(const Generate& generate) {
  auto rows = actor_->generate(generate, store_);
  return {.rows = std::move(rows), .responses = first_responses(store_, generate.key, generate.report_responses)};
}

Event Worker::execute(const Transfer& transfer) {
  run_transfer(transfer, links_.traffic.world(), store_, settings_.transfer_timeout());
  return {};
}

Event Worker::execute(const Score& score) {
  if (score.role == Role::Actor) return {.rows = actor_->score(score, store_)};
  if (score.role == Role::RewardCritic || score.role == Role::CostCritic) {
    critic(score.role).score(score, store_);
    return {};
  }
  return {.rows = scorers_.at(score.role)->score(score, store_)};
}

Event Worker::execute(const BuildExperience& build) { return {.rows = actor_->build_experience(build, store_)}; }

Event Worker::execute(const Regroup& regroup) {
  run_regroup(regroup, links_.traffic.world(), store_, settings_.transfer_timeout());
  return {};
}

Event Worker::execute(const Learn& learn) {
  if (learn.role == Role::Actor) return actor_->learn(learn, store_);
  return critic(learn.role).learn(learn, store_);
}

Event Worker::execute(const LoadLearner& load) {
  const auto replicas = replicas_of(load.role, settings_.supervised.zero);
  if (load.role == Role::Actor) {
    text_learner_ = std::make_unique<TextLearner>(settings_.supervised, load.training_steps, replicas);
  } else {
    preference_learner_ =
        std::make_unique<PreferenceLearner>(load.role, settings_.supervised, load.training_steps, replicas);
  }
  return {};
}

Event Worker::execute(const LearnText& learn) { return text_learner_->learn(learn); }

Event Worker::execute(const LearnPairs& learn) { return preference_learner_->learn(learn); }

Event Worker::execute(const EvaluateText& evaluate) { return {.rows = text_learner_->evaluate(evaluate)}; }

Event Worker::execute(const EvaluatePairs& evaluate) { return {.rows = preference_learner_->evaluate(evaluate)}; }

Event Worker::execute(const Save& save) {
  if (!save_model(save)) return {};
  return {.files = sync_saved_files(save.folder)};
}

bool Worker::save_model(const Save& save) {
  if (text_learner_) return text_learner_->save(save.folder);
  if (preference_learner_) return preference_learner_->save(save.folder);
  if (save.role == Role::Actor) return actor_->save(save.folder);
  return critic(save.role).save(save.folder);
}

Event Worker::execute(const Free& free) {
  store_.free(free.batch);
  return {};
}

Critic& Worker::critic(Role role) { return *critics_.at(role); }

}  // namespace ballast
