#include "orchestrator/metrics.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace ballast {
namespace {

// Figures of the experience that are logged under their own name.
constexpr std::array<std::string_view, 5> reward_figures{"reward", "reward_with_kl_penalty", "reward_advantage",
                                                         "reward_return", "kl_divergence"};
constexpr std::array<std::string_view, 4> cost_figures{"cost", "cost_with_kl_penalty", "cost_advantage", "cost_return"};

std::string logged(std::string_view name) { return "train/" + std::string(name); }

}  // namespace

void Metrics::take_in(const Command& command, const Event& event) {
  if (const auto* learn = std::get_if<Learn>(&command.body)) {
    auto& learned = learned_[learn->step][learn->role];
    for (const auto& [name, values] : event.micro_batches.values) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        learned.losses[static_cast<int>(event.micro_batches.ids[i])][name] = values[i];
      }
    }
    learned.scalars.insert(event.scalars.begin(), event.scalars.end());
  } else if (command.micro_batch != Command::whole_batch && !event.rows.values.empty()) {
    const auto key = std::visit(
        [](const auto& body) {
          if constexpr (requires { body.key; }) return body.key;
          return BatchKey{};
        },
        command.body);
    for (const auto& [name, values] : event.rows.values) {
      if (rows_[key].insert_or_assign(name, values).second) ++reported_[key.batch][name];
    }
  }
}

bool Metrics::complete(std::uint64_t batch, int micro_batches, const std::string& figure) const {
  const auto figures = reported_.find(batch);
  if (figures == reported_.end()) return micro_batches == 0;
  const auto entry = figures->second.find(figure);
  return (entry == figures->second.end() ? 0 : entry->second) == micro_batches;
}

bool Metrics::reported(const BatchKey& key, const std::string& figure) const {
  const auto entry = rows_.find(key);
  return entry != rows_.end() && entry->second.contains(figure);
}

const std::vector<double>& Metrics::rows(const BatchKey& key, const std::string& figure) const {
  return rows_.at(key).at(figure);
}

double Metrics::mean(const Part& part, const std::string& figure) const {
  double sum = 0.0;
  double count = 0.0;
  for (const int m : part.micro_batches) {
    const auto& values = rows({part.batch, m}, figure);
    const auto& lengths = rows({part.batch, m}, "generated_length");
    for (std::size_t row = 0; row < values.size(); ++row) {
      if (lengths[row] == 0) continue;
      sum += values[row];
      count += 1.0;
    }
  }
  return sum / count;
}

double Metrics::largest(const Part& part, const std::string& figure) const {
  double result = 0.0;
  for (const int m : part.micro_batches) result = std::max(result, std::ranges::max(rows({part.batch, m}, figure)));
  return result;
}

StepMetrics Metrics::of(const TrainStep& step, bool constrained) const {
  const Part rollout{step.rollout, step.mini.micro_batches};
  StepMetrics result{{"train/step", static_cast<double>(step.step)}};
  for (const auto name : reward_figures) result[logged(name)] = mean(rollout, std::string(name));
  if (constrained) {
    for (const auto name : cost_figures) result[logged(name)] = mean(rollout, std::string(name));
    result["train/lambda"] = step.lambda;
    result["train/episode_cost"] = step.episode_cost;
  }
  result["train/mean_generated_length"] = mean(rollout, "generated_length");
  result["train/truncated_share"] = mean(rollout, "truncated");
  result["train/max_generated_length"] = largest(rollout, "generated_length");
  if (reported({step.rollout, step.mini.micro_batches.front()}, "log_prob_difference")) {
    result["train/generation_log_prob_difference"] = mean(rollout, "log_prob_difference");
    result["train/max_generation_log_prob_difference"] = largest(rollout, "max_log_prob_difference");
  }
  const Part learned_rows{step.mini.batch, step.mini.learned};
  if (reported({step.mini.batch, step.mini.learned.front()}, "importance_weight")) {
    result["train/importance_weight"] = mean(learned_rows, "importance_weight");
    result["train/max_importance_weight"] = largest(learned_rows, "max_importance_weight");
    result["train/importance_truncated_share"] = mean(learned_rows, "importance_truncated_share");
  }
  for (const auto& [role, learned] : learned_.at(step.step)) {
    for (const auto& [micro_batch, losses] : learned.losses) {
      for (const auto& [name, value] : losses) result[logged(name)] += value;
    }
    for (const auto& [name, value] : learned.scalars) {
      result[logged(std::string(to_string(role)) + "_" + name)] = value;
    }
  }
  return result;
}

double Metrics::generated_tokens(std::uint64_t batch) const {
  double tokens = 0.0;
  for (auto entry = rows_.lower_bound({batch, 0}); entry != rows_.lower_bound({batch + 1, 0}); ++entry) {
    for (const double length : entry->second.at("generated_length")) tokens += length;
  }
  return tokens;
}

void Metrics::forget(std::uint64_t batch) {
  rows_.erase(rows_.lower_bound({batch, 0}), rows_.lower_bound({batch + 1, 0}));
  reported_.erase(batch);
  learned_.clear();
}

}  // namespace ballast
