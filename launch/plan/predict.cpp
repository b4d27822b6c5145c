#include "launch/plan/predict.h"

#include <algorithm>
#include <utility>

#include "orchestrator/simulated_run.h"

namespace ballast {
namespace {

std::vector<Role> roles_in(const RankMemory& memory) {
  std::vector<Role> roles;
  for (const auto& [role, of_role] : memory.roles) roles.push_back(role);
  return roles;
}

std::vector<RankClass> memory_classes(const std::map<int, RankMemory>& plan) {
  std::map<std::pair<std::vector<Role>, std::int64_t>, RankClass> classes;
  for (const auto& [rank, memory] : plan) {
    auto& of_class = classes[{roles_in(memory), memory.total()}];
    if (of_class.ranks.empty()) of_class.memory = memory;
    of_class.ranks.push_back(rank);
  }
  std::vector<RankClass> result;
  for (auto& [key, of_class] : classes) result.push_back(std::move(of_class));
  std::ranges::sort(result, {}, [](const RankClass& of_class) { return of_class.ranks.front(); });
  return result;
}

// What the steps do not account for, the ranks wait for the orchestrator.
std::vector<CriticalStep> by_kind(const SimulatedRun& run) {
  std::vector<CriticalStep> kinds;
  double waited = run.end - run.begin;
  for (const auto& step : run.critical_path) {
    const auto title = title_of(*step.command);
    auto kind = std::ranges::find(kinds, title, &CriticalStep::name);
    if (kind == kinds.end()) kind = kinds.insert(kind, {.name = title});
    const double seconds = step.end - std::max(step.begin, run.begin);
    kind->seconds += seconds;
    ++kind->commands;
    waited -= seconds;
  }
  kinds.push_back({.name = "orchestrator", .seconds = std::max(waited, 0.0)});
  return kinds;
}

double figure(const StepMetrics& figures, const std::string& name) { return figures.at(name); }

}  // namespace

bool Prediction::fits() const {
  return std::ranges::all_of(
      memory, [&](const RankClass& of_class) { return static_cast<double>(of_class.memory.total()) <= device_memory; });
}

Prediction predict(const TrainConfig& config, const Placement& placement, const Cluster& cluster,
                   const PredictOptions& options) {
  const auto run = simulate(workload_of(config, options.lengths, cluster), cluster, placement,
                            {.each_rank = options.each_rank, .trace = options.trace});
  Prediction prediction{.iteration_s = run.end - run.begin,
                        .orchestrator_s = run.orchestrator_s,
                        .tokens_per_second = figure(run.figures, "tokens_per_second"),
                        .ranks = world_of(placement),
                        .critical_path = by_kind(run),
                        .bytes = run.bytes};
  for (const std::string phase : iteration_phases) {
    prediction.phase_s[phase] = figure(run.figures, "time/" + phase);
    prediction.share[phase] = figure(run.figures, "share/" + phase);
  }
  prediction.share["idle"] = figure(run.figures, "share/idle");
  for (const auto& [role, layout] : placement) {
    prediction.idle[role] = figure(run.figures, "idle/" + std::string(to_string(role)));
  }
  auto on_device = config;
  on_device.workers.device = cluster.gpu ? DeviceChoice::Cuda : DeviceChoice::Cpu;
  prediction.memory = memory_classes(memory_plan(on_device, placement));
  const auto ranks_of_device =
      static_cast<double>(cluster.ranks_of_node(prediction.ranks)) / static_cast<double>(cluster.devices);
  prediction.device_memory = cluster.memory / ranks_of_device;
  const double device_hours =
      prediction.iteration_s / 3600.0 * static_cast<double>(std::min(prediction.ranks, cluster.ranks()));
  prediction.price = cluster.price_per_device_hour * device_hours;
  return prediction;
}

}  // namespace ballast
