#include "orchestrator/evaluation.h"

#include <cmath>
#include <string>

#include "orchestrator/statistics.h"

namespace ballast {
namespace {

// A figure of all rows of the batch that have a response, in row order.
std::vector<double> values_of(const BatchRef& rollout, const Metrics& metrics, const std::string& figure) {
  std::vector<double> values;
  for (int m = 0; m < rollout.micro_batches(); ++m) {
    const auto& lengths = metrics.rows(rollout.key(m), "generated_length");
    const auto& of_micro_batch = metrics.rows(rollout.key(m), figure);
    for (std::size_t row = 0; row < lengths.size(); ++row) {
      if (lengths[row] > 0) values.push_back(of_micro_batch[row]);
    }
  }
  return values;
}

// Of the mean: sqrt(sum (x - mean)^2 / (n - 1) / n).
double standard_error(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  return count > 1 ? std::sqrt(squared_deviations(values) / (count - 1) / count) : 0.0;
}

}  // namespace

StepMetrics evaluate(CastHandles& roles, const PromptBatch& held_out, CommandStream& stream, Metrics& metrics) {
  constexpr std::int64_t same_draws_each_time = 0;
  const auto rollout = roles.generate(held_out, same_draws_each_time);
  roles.order_scores(rollout);
  roles.scored(rollout);
  stream.wait_all();
  StepMetrics result{
      {"eval/kl_divergence", mean(values_of(rollout, metrics, "kl_divergence"))},
      {"eval/mean_generated_length", mean(values_of(rollout, metrics, "generated_length"))},
      {"eval/truncated_share", mean(values_of(rollout, metrics, "truncated"))},
  };
  const auto add = [&](const std::string& figure) {
    const auto values = values_of(rollout, metrics, figure);
    result["eval/" + figure] = mean(values);
    result["eval/" + figure + "_se"] = standard_error(values);
  };
  add("reward");
  if (roles.constrained()) add("cost");
  metrics.forget(rollout.id());
  return result;
}

}  // namespace ballast
