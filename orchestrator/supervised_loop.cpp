#include "orchestrator/supervised_loop.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "orchestrator/shuffle.h"

namespace ballast {
namespace {

std::int64_t steps_in_epoch(const SupervisedBatchConfig& batch, std::int64_t examples) {
  return (examples + batch.mini_batch - 1) / batch.mini_batch;
}

std::vector<RowIndices> cut_by_rows(const RowIndices& rows, std::int64_t micro_batch) {
  const auto count = static_cast<std::int64_t>(rows.size());
  std::vector<RowIndices> micro_batches;
  for (std::int64_t begin = 0; begin < count; begin += micro_batch) {
    const auto end = std::min(begin + micro_batch, count);
    micro_batches.emplace_back(rows.begin() + begin, rows.begin() + end);
  }
  return micro_batches;
}

std::vector<RowIndices> cut_by_tokens(const RowIndices& rows, const Examples& examples, const TokenBudget& budget) {
  std::vector<std::int64_t> lengths;
  for (const auto row : rows) lengths.push_back(examples.tokens(row));
  auto micro_batches = packed(lengths, bins_within(budget, lengths));
  for (auto& bin : micro_batches) {
    for (auto& row : bin) row = rows[row];
  }
  return micro_batches;
}

// Micro-batches of these examples, before any placement is known.
std::vector<RowIndices> cut(const RowIndices& rows, const Examples& examples, const SupervisedLoopConfig& config) {
  const auto& tokens = config.batch.tokens_per_micro_batch;
  if (!tokens) return cut_by_rows(rows, config.batch.micro_batch);
  return cut_by_tokens(rows, examples, {.tokens = *tokens, .multiple = config.gradient_lanes});
}

// The examples of an optimizer step.
RowIndices mini_batch(const RowIndices& order, std::int64_t index, const SupervisedBatchConfig& batch) {
  const auto begin = order.begin() + index * batch.mini_batch;
  return {begin, begin + std::min<std::int64_t>(batch.mini_batch, order.end() - begin)};
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

std::vector<std::int64_t> tokens_of(const std::vector<RowIndices>& micro_batches, const Examples& examples) {
  std::vector<std::int64_t> tokens;
  for (const auto& rows : micro_batches) {
    auto& sum = tokens.emplace_back(0);
    for (const auto row : rows) sum += examples.tokens(row);
  }
  return tokens;
}

// Orders one optimizer step; the journal says how evenly it is spread.
void learn(const RowIndices& rows, std::int64_t step, SupervisedRole& role, const SupervisedLoopConfig& config,
           const SupervisedParts& parts) {
  const auto micro_batches = cut(rows, parts.examples, config);
  role.learn(parts.examples, step, micro_batches);
  const auto imbalance = token_imbalance(tokens_of(micro_batches, parts.examples), 0, role.replicas());
  parts.journal.iteration(step, {{"imbalance/" + std::string(to_string(role.role())), imbalance}});
}

void evaluate(std::int64_t step, SupervisedRole& role, const SupervisedLoopConfig& config,
              const SupervisedParts& parts) {
  RowIndices all(parts.held_out->size());
  std::iota(all.begin(), all.end(), 0);
  const auto figures = named("eval/", role.evaluate(*parts.held_out, cut(all, *parts.held_out, config)));
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
    learn(mini_batch(order, step % per_epoch, config.batch), step, role, config, parts);
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
