#include "orchestrator/run_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "orchestrator/phase_times.h"

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

// How evenly the rollout's tokens were spread over the replicas of each role that learns; mean over the steps.
StepMetrics imbalances(const std::vector<TrainStep>& steps, const Placement& placement) {
  StepMetrics figures;
  for (const Role role : {Role::Actor, Role::RewardCritic, Role::CostCritic}) {
    if (!placement.contains(role)) continue;
    double sum = 0.0;
    for (const auto& [number, rollout, staleness, mini, lambda, cost] : steps) {
      sum += token_imbalance(mini.tokens, mini.learned.front(), placement.at(role).replicas());
    }
    figures["imbalance/" + std::string(to_string(role))] = sum / static_cast<double>(steps.size());
  }
  return figures;
}

}  // namespace

RunRecord::RunRecord(CommandStream& stream, Metrics& metrics, Journal& journal, Listeners listeners)
    : stream_(stream),
      metrics_(metrics),
      journal_(journal),
      listeners_(std::move(listeners)),
      timeline_(stream.cast().placement, stream.now()),
      samples_(listeners_.on_sample) {
  stream.add_listener([this](const Command& command, int rank, const Event& event) {
    timeline_.take_in(command, rank, event);
    samples_.take_in(command, event);
  });
}

void RunRecord::iteration(std::int64_t iteration, const std::vector<TrainStep>& steps, bool constrained) {
  stream_.wait_for([](const Command& command) { return std::holds_alternative<Learn>(command.body); });
  std::vector<StepMetrics> figures;
  for (const auto& step : steps) {
    figures.push_back(metrics_.of(step, constrained));
    journal_.step(iteration, figures.back());
  }
  const auto part = timeline_until_now();
  auto summary = summary_of(figures);
  summary.merge(phase_times(part, stream_.cast().placement));
  const auto control_bytes = stream_.moved_bytes();
  summary["bytes/control"] = static_cast<double>(control_bytes - std::exchange(control_bytes_, control_bytes));
  summary["staleness"] = static_cast<double>(steps.front().staleness);
  summary.merge(imbalances(steps, stream_.cast().placement));
  summary["tokens_per_second"] = metrics_.generated_tokens(steps.front().rollout) / summary.at("time/iteration");
  journal_.iteration(iteration, summary);
  samples_.write(steps.front().rollout, metrics_, constrained);
  metrics_.forget(steps.front().rollout);
  metrics_.forget(steps.front().mini.batch);
  listeners_.on_timeline(iteration, "iteration", part);
  listeners_.on_iteration(iteration, summary);
}

// One step ahead, ranks work on the next rollout when an iteration ends.
TimelinePart RunRecord::timeline_until_now() {
  const double now = stream_.now();
  for (const auto& [rank, running] : stream_.running()) {
    timeline_.take_in_running(*running.command, rank, running.since, now);
  }
  return timeline_.take(now);
}

void RunRecord::evaluation(std::int64_t iterations, const StepMetrics& figures) {
  auto record = figures;
  record["eval/iterations"] = static_cast<double>(iterations);
  journal_.evaluation(record);
  listeners_.on_timeline(iterations, "evaluation", timeline_.take(stream_.now()));
  listeners_.on_evaluation(iterations, figures);
}

void RunRecord::checkpoint(std::int64_t iterations, const std::string& path) {
  const auto part = timeline_.take(stream_.now());
  journal_.checkpoint(iterations, path, part.moved.contains("saving") ? part.moved.at("saving") : 0);
  listeners_.on_timeline(iterations, "checkpoint", part);
}

}  // namespace ballast
