#include "orchestrator/train_loop.h"

#include <algorithm>

namespace ballast {
namespace {

// What stands for an iteration: means over its steps, but the last step, and of a maximum the largest.
StepMetrics summary_of(const std::vector<StepMetrics>& steps) {
  StepMetrics summary;
  for (const auto& step : steps) {
    for (const auto& [name, value] : step) {
      if (name.starts_with("train/max_")) {
        summary[name] = std::max(summary[name], value);
      } else {
        summary[name] += value / static_cast<double>(steps.size());
      }
    }
  }
  summary["train/step"] = steps.back().at("train/step");
  return summary;
}

// Waits for the iteration's steps, then logs them.
void log_iteration(std::int64_t iteration, const std::vector<TrainStep>& steps, bool constrained,
                   const LoopParts& parts) {
  parts.stream.wait_all();
  std::vector<StepMetrics> figures;
  for (const auto& step : steps) {
    figures.push_back(parts.metrics.of(step, constrained));
    parts.journal.step(iteration, figures.back());
  }
  const auto summary = summary_of(figures);
  parts.journal.iteration(iteration, summary);
  parts.on_iteration(iteration, summary);
  parts.metrics.forget(steps.front().batch);
}

}  // namespace

std::int64_t training_steps(const LoopConfig& config) {
  const auto& batch = config.batch;
  return config.iterations * batch.passes * (batch.rollout / batch.mini_batch);
}

void train_ppo_lag(CastHandles& roles, const LoopConfig& config, const LoopParts& parts) {
  LagrangeMultiplier lambda(config.lambda);
  CostWindow costs(config.lambda.window);
  std::int64_t step = 0;
  for (std::int64_t iteration = 0; iteration < config.iterations; ++iteration) {
    const PromptBatch prompts = parts.prompts.next();
    const Scored scored = roles.score(roles.generate(prompts, iteration));
    costs.append(scored.costs);
    std::vector<TrainStep> steps;
    for (std::int64_t pass = 0; pass < config.batch.passes; ++pass) {
      for (const auto& mini : mini_batches(scored, prompts, config.batch)) {
        const bool due = config.lambda.update_every == LambdaUpdateEvery::Step || steps.empty();
        if (roles.constrained() && due) lambda.update(costs.mean());
        steps.push_back({.step = step++,
                         .batch = scored.rollout.id(),
                         .micro_batches = mini.micro_batches,
                         .rows = mini.rows,
                         .lambda = roles.constrained() ? lambda.value() : 0.0,
                         .episode_cost = roles.constrained() ? costs.mean() : 0.0});
        roles.learn(steps.back(), mini, iteration);
      }
    }
    log_iteration(iteration, steps, roles.constrained(), parts);
  }
  roles.save(parts.run_folder.string(), config.iterations - 1);
  parts.stream.wait_all();
}

}  // namespace ballast
