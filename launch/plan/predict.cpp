#include "launch/plan/predict.h"

#include <algorithm>
#include <utility>

#include "launch/memory_shortage.h"
#include "orchestrator/simulated_run.h"

namespace ballast {
namespace {

// What the steps do not account for, the ranks wait for the orchestrator.
std::vector<CriticalStep> by_kind(const SimulatedRun& run) {
  std::vector<CriticalStep> kinds;
  const double share = 1.0 / static_cast<double>(run.iterations);
  double waited = run.iteration_s();
  for (const auto& step : run.critical_path) {
    const auto title = title_of(*step.command);
    auto kind = std::ranges::find(kinds, title, &CriticalStep::name);
    if (kind == kinds.end()) kind = kinds.insert(kind, {.name = title});
    const double seconds = (step.end - std::max(step.begin, run.begin)) * share;
    kind->seconds += seconds;
    kind->commands += share;
    waited -= seconds;
  }
  kinds.push_back({.name = "orchestrator", .seconds = std::max(waited, 0.0)});
  return kinds;
}

SimulationOptions simulation_options(const PredictOptions& options) {
  return {.each_rank = options.each_rank, .trace = options.trace};
}

template <typename Config>
Config on_device_of(const Cluster& cluster, Config config) {
  config.workers.device = cluster.gpu ? DeviceChoice::Cuda : DeviceChoice::Cpu;
  return config;
}

// What a prediction is made of.
struct Found {
  const SimulatedRun& run;
  const std::map<int, RankMemory>& memory;
  const Placement& placement;
  const Cluster& cluster;
};

Prediction prediction_of(const Found& found) {
  const auto& [run, memory, placement, cluster] = found;
  const auto ranks = world_of(placement);
  Prediction prediction{.iteration_s = run.iteration_s(),
                        .orchestrator_s = run.orchestrator_s,
                        .tokens_per_second = run.figures.at("tokens_per_second"),
                        .ranks = ranks,
                        .critical_path = by_kind(run),
                        .bytes = run.bytes,
                        .memory = rank_classes(memory),
                        .device_memory = cluster.memory_of_rank(ranks)};
  for (const std::string phase : iteration_phases) {
    prediction.phase_s[phase] = run.figures.at("time/" + phase);
    prediction.share[phase] = run.figures.at("share/" + phase);
  }
  prediction.share["idle"] = run.figures.at("share/idle");
  for (const auto& [role, layout] : placement)
    prediction.idle[role] = run.figures.at("idle/" + std::string(to_string(role)));
  prediction.device_hours = prediction.iteration_s / 3600.0 * static_cast<double>(std::min(ranks, cluster.ranks()));
  prediction.price = cluster.price_per_device_hour * prediction.device_hours;
  return prediction;
}

}  // namespace

bool Prediction::fits() const {
  return std::ranges::all_of(
      memory, [&](const RankClass& of_class) { return static_cast<double>(of_class.memory.total()) <= device_memory; });
}

Prediction predict(const TrainConfig& config, const Placement& placement, const Cluster& cluster,
                   const PredictOptions& options) {
  const auto run =
      simulate(workload_of(config, options.lengths, cluster), cluster, placement, simulation_options(options));
  const auto on_device = on_device_of(cluster, config);
  auto prediction = prediction_of(
      {.run = run, .memory = memory_plan(on_device, placement), .placement = placement, .cluster = cluster});
  const auto capacity = static_cast<std::int64_t>(prediction.device_memory);
  if (const auto shortage = memory_shortage(on_device, placement, capacity)) prediction.remedy = shortage->remedy;
  return prediction;
}

Prediction predict(const SupervisedConfig& config, Role role, const Placement& placement, const Cluster& cluster,
                   const PredictOptions& options) {
  const auto run = simulate_supervised(workload_of(config, role, options.lengths, cluster), cluster, placement,
                                       simulation_options(options));
  const auto memory = memory_plan(on_device_of(cluster, config), role, placement);
  return prediction_of({.run = run, .memory = memory, .placement = placement, .cluster = cluster});
}

}  // namespace ballast
