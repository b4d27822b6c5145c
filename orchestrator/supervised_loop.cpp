#include "orchestrator/supervised_loop.h"

#include <algorithm>
#include <string>

#include "orchestrator/shuffle.h"

namespace ballast {
namespace {

std::int64_t steps_in_epoch(const SupervisedBatchConfig& batch, std::int64_t examples) {
  return (examples + batch.mini_batch - 1) / batch.mini_batch;
}

// The examples of an optimizer step, cut into micro-batches before any placement is known.
std::vector<RowIndices> mini_batch(const RowIndices& order, std::int64_t index, const SupervisedBatchConfig& batch) {
  const auto rows = static_cast<std::int64_t>(order.size());
  const auto end = std::min((index + 1) * batch.mini_batch, rows);
  std::vector<RowIndices> micro_batches;
  for (auto begin = index * batch.mini_batch; begin < end; begin += batch.micro_batch) {
    const auto until = std::min(begin + batch.micro_batch, end);
    micro_batches.emplace_back(order.begin() + begin, order.begin() + until);
  }
  return micro_batches;
}

StepMetrics named(const std::string& prefix, const StepMetrics& figures) {
  StepMetrics result;
  for (const auto& [name, value] : figures) result[prefix + name] = value;
  return result;
}

void log(std::int64_t step, const StepMetrics& figures, const SupervisedParts& parts) {
  parts.journal.step(step, figures);
  parts.on_step(step, figures);
}

StepMetrics step_figures(const StepMetrics& reported, std::int64_t step, std::int64_t steps_per_epoch) {
  StepMetrics figures = named("train/", reported);
  figures["train/step"] = static_cast<double>(step);
  figures["train/epoch"] = static_cast<double>(step + 1) / static_cast<double>(steps_per_epoch);
  return figures;
}

void evaluate(std::int64_t step, SupervisedRole& role, const SupervisedLoopConfig& config,
              const SupervisedParts& parts) {
  const auto figures = named("eval/", role.evaluate(*parts.held_out, config.batch.micro_batch));
  log(step, figures, parts);
  auto record = figures;
  for (const auto& [kind, bytes] : role.take_moved()) record["bytes/" + kind] = static_cast<double>(bytes);
  parts.journal.iteration(step, record);
}

}  // namespace

std::int64_t training_steps(const SupervisedLoopConfig& config, std::int64_t examples) {
  return config.iterations.value_or(config.epochs * steps_in_epoch(config.batch, examples));
}

std::int64_t train_supervised(SupervisedRole& role, const SupervisedLoopConfig& config, const SupervisedParts& parts) {
  const auto per_epoch = steps_in_epoch(config.batch, parts.examples.size());
  const auto steps = training_steps(config, parts.examples.size());
  const auto evaluation_is_due = [&](std::int64_t done) {
    return parts.held_out && (done == steps || (config.evaluate_every > 0 && done % config.evaluate_every == 0));
  };

  std::int64_t logged = 0;
  const auto log_until = [&](std::int64_t end) {
    for (; logged < end; ++logged) log(logged, step_figures(role.figures_of(logged), logged, per_epoch), parts);
  };

  RowIndices order;
  std::int64_t step = 0;
  for (; step < steps && !parts.stop_requested(); ++step) {
    if (step % per_epoch == 0) order = shuffled_order(parts.examples.size(), config.seed, step / per_epoch);
    role.learn(parts.examples, step, mini_batch(order, step % per_epoch, config.batch));
    const bool evaluates = evaluation_is_due(step + 1);
    log_until(evaluates ? step + 1 : step);  // without an evaluation the ranks meanwhile work on this step
    if (evaluates) evaluate(step, role, config, parts);
  }
  log_until(step);
  if (step < steps) {
    const auto path = parts.checkpoints.save(step);
    parts.journal.checkpoint(step, path, role.take_moved()["saving"]);
  } else {
    parts.checkpoints.save_final();
  }
  return step;
}

}  // namespace ballast
