#include "orchestrator/train_loop.h"

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

}  // namespace

CastOptions LoopConfig::cast_options() const {
  CastOptions options;
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
  std::int64_t step = 0;
  std::int64_t iteration = 0;
  for (; iteration < config.iterations && !parts.stop_requested(); ++iteration) {
    const PromptBatch prompts = parts.prompts.next();
    const Scored scored = roles.score(roles.generate(prompts, iteration, config.samples.rows_of(iteration)));
    costs.append(scored.costs);
    const LearningPlan plan = roles.plan(scored, prompts, config.batch);
    std::vector<TrainStep> steps;
    for (std::int64_t pass = 0; pass < config.batch.passes; ++pass) {
      for (const auto& mini : plan.mini_batches) {
        const bool due = config.lambda.update_every == LambdaUpdateEvery::Step || steps.empty();
        if (roles.constrained() && due) lambda.update(costs.mean());
        steps.push_back({.step = step++,
                         .rollout = scored.rollout.id(),
                         .mini = mini,
                         .lambda = roles.constrained() ? lambda.value() : 0.0,
                         .episode_cost = roles.constrained() ? costs.mean() : 0.0});
        roles.learn(steps.back(), iteration);
      }
    }
    parts.record.iteration(iteration, steps, roles.constrained());
    milestones.reached(iteration + 1);
  }
  milestones.end(iteration);
  return iteration;
}

}  // namespace ballast
