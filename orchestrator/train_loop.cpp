#include "orchestrator/train_loop.h"

#include <memory>
#include <utility>

#include "orchestrator/evaluation.h"

namespace ballast {
namespace {

// Around the training: what shows how it goes, and saves what it has reached.
class Milestones {
 public:
  Milestones(CastHandles& roles, const LoopConfig& config, const LoopParts& parts)
      : roles_(roles), config_(config), parts_(parts) {}

  void start() { evaluate(0); }

  void reached(std::int64_t iterations) {
    if (config_.evaluate_every > 0 && iterations % config_.evaluate_every == 0) evaluate(iterations);
    const auto path = parts_.checkpoints.save_if_due(iterations);
    if (!path.empty()) parts_.record.checkpoint(iterations, path);
  }

  void end(std::int64_t iterations) {
    if (iterations == config_.iterations) {
      if (evaluated_ != iterations) evaluate(iterations);
      parts_.checkpoints.save_final();
    } else {
      parts_.record.checkpoint(iterations, parts_.checkpoints.save(iterations));
    }
  }

 private:
  void evaluate(std::int64_t iterations) {
    evaluated_ = iterations;
    if (parts_.held_out)
      parts_.record.evaluation(iterations, ballast::evaluate(roles_, *parts_.held_out, parts_.stream, parts_.metrics));
  }

  CastHandles& roles_;
  const LoopConfig& config_;
  const LoopParts& parts_;
  std::int64_t evaluated_ = -1;
};

struct Rollout {
  PromptBatch prompts;
  BatchRef batch;
  std::int64_t staleness = 0;  // iterations that the actor learns between generating it and learning it
};

// The rollouts of a run, one for each iteration.
class Rollouts {
 public:
  Rollouts(CastHandles& roles, const LoopConfig& config, PromptStream& prompts)
      : roles_(roles), config_(config), prompts_(prompts) {}

  // Generated and scored, as far as that has been ordered.
  Rollout of(std::int64_t iteration) {
    if (!ahead_) return order(iteration, 0);
    return std::move(*std::exchange(ahead_, nullptr));
  }

  // One step ahead: orders the rollout of an iteration, if there is such, before the update that it would else follow.
  void prepare(std::int64_t iteration) {
    if (config_.one_step_ahead && iteration < config_.iterations)
      ahead_ = std::make_unique<Rollout>(order(iteration, 1));
  }

 private:
  Rollout order(std::int64_t iteration, std::int64_t staleness) {
    auto prompts = prompts_.next();
    auto batch = roles_.generate(prompts, iteration, config_.samples.rows_of(iteration));
    roles_.order_scores(batch);
    return {.prompts = std::move(prompts), .batch = std::move(batch), .staleness = staleness};
  }

  CastHandles& roles_;
  const LoopConfig& config_;
  PromptStream& prompts_;
  std::unique_ptr<Rollout> ahead_;
};

}  // namespace

CastOptions LoopConfig::cast_options() const {
  CastOptions options{.budget = std::nullopt, .one_step_ahead = one_step_ahead};
  if (const auto& tokens = batch.tokens_per_micro_batch) options.budget = {*tokens, gradient_lanes};
  return options;
}

std::int64_t training_steps(const LoopConfig& config) {
  const auto& batch = config.batch;
  return config.iterations * batch.passes * (batch.rollout / batch.mini_batch);
}

std::int64_t train_ppo_lag(CastHandles& roles, const LoopConfig& config, const LoopParts& parts) {
  LagrangeMultiplier lambda(config.lambda);
  CostWindow costs(config.lambda.window);
  Milestones milestones(roles, config, parts);
  milestones.start();
  Rollouts rollouts(roles, config, parts.prompts);
  std::int64_t step = 0;
  std::int64_t iteration = 0;
  for (; iteration < config.iterations && !parts.stop_requested(); ++iteration) {
    const Rollout rollout = rollouts.of(iteration);
    const Scored scored = roles.scored(rollout.batch);
    costs.append(scored.costs);
    const LearningCut cut = roles.cut(scored, rollout.prompts, config.batch);
    std::vector<TrainStep> steps;
    for (std::int64_t pass = 0; pass < config.batch.passes; ++pass) {
      for (const auto& mini : cut.mini_batches) {
        const bool due = config.lambda.update_every == LambdaUpdateEvery::Step || steps.empty();
        if (roles.constrained() && due) lambda.update(costs.mean());
        steps.push_back({.step = step++,
                         .rollout = rollout.batch.id(),
                         .staleness = rollout.staleness,
                         .mini = mini,
                         .lambda = roles.constrained() ? lambda.value() : 0.0,
                         .episode_cost = roles.constrained() ? costs.mean() : 0.0});
      }
    }
    roles.learn_critics(cut, steps);
    rollouts.prepare(iteration + 1);  // one step ahead: without what the actor learns now
    roles.learn_actor(cut, steps);
    parts.record.iteration(iteration, steps, roles.constrained());
    milestones.reached(iteration + 1);
  }
  milestones.end(iteration);
  return iteration;
}

}  // namespace ballast
