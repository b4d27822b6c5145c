#include "launch/plan/plan_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ballast {
namespace {

constexpr double giga = 1e9;

std::string names_of_roles(const RankMemory& memory) {
  std::vector<std::string_view> names;
  for (const auto& [role, of_role] : memory.roles) names.push_back(to_string(role));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string describe_cluster(const Cluster& cluster, const Prediction& prediction) {
  return fmt::format("{} ranks on {} x {} {}: {:.0f} TFLOP/s in bfloat16, {:.2f} TB/s and {:.0f} GB of memory each\n",
                     prediction.ranks, cluster.nodes, cluster.devices, cluster.device, cluster.bfloat16_flops / 1e12,
                     cluster.memory_bandwidth / 1e12, cluster.memory / giga);
}

std::string describe_layouts(const Placement& placement) {
  auto text = fmt::format("\n{:<15}{:>21}  {}\n", "role", "replicas x shards", "ranks");
  for (const auto& [role, layout] : placement) {
    const auto shape = fmt::format("{} x {}", layout.replicas(), layout.shards());
    text += fmt::format("{:<15}{:>21}  {}\n", to_string(role), shape, describe_ranks(layout.ranks()));
  }
  return text;
}

std::string describe_memory(const Prediction& prediction) {
  auto text = fmt::format("\nmemory of a rank, GB of {:.1f}\n", prediction.device_memory / giga);
  for (const auto& [of, name] : memory_class_names) text += fmt::format("{:>12}", name);
  text += fmt::format("{:>12}  {}\n", "in all", "ranks");
  for (const auto& [ranks, memory] : prediction.memory) {
    for (const auto& [of, name] : memory_class_names)
      text += fmt::format("{:>12.2f}", static_cast<double>(memory.bytes[of]) / giga);
    text += fmt::format("{:>12.2f}  {} ({})\n", static_cast<double>(memory.total()) / giga, describe_ranks(ranks),
                        names_of_roles(memory));
  }
  return text;
}

std::string describe_times(const Prediction& prediction) {
  auto text = fmt::format("\niteration: {:.3f} s, {:.0f} tokens/s; the orchestrator is busy for {:.3f} s of it\n",
                          prediction.iteration_s, prediction.tokens_per_second, prediction.orchestrator_s);
  text += fmt::format("{:<16}{:>14}{:>22}\n", "phase", "busiest rank", "share of all ranks");
  for (const auto& [phase, seconds] : prediction.phase_s)
    text += fmt::format("{:<16}{:>12.3f} s{:>20.1f} %\n", phase, seconds, 100.0 * prediction.share.at(phase));
  text += fmt::format("{:<16}{:>14}{:>20.1f} %\nidle:", "idle", "", 100.0 * prediction.share.at("idle"));
  for (const auto& [role, share] : prediction.idle)
    text += fmt::format(" {} {:.0f} %;", to_string(role), 100.0 * share);
  text.back() = '\n';
  return text;
}

const CriticalStep& longest_step(const Prediction& prediction) {
  return *std::ranges::max_element(prediction.critical_path, {}, &CriticalStep::seconds);
}

std::string describe_critical_path(const Prediction& prediction) {
  const auto& longest = longest_step(prediction);
  auto text = fmt::format("\nwhat an iteration waits for: above all {} ({:.0f} %)\n", longest.name,
                          100.0 * longest.seconds / prediction.iteration_s);
  for (const auto& [name, commands, seconds] : prediction.critical_path) {
    const auto times = commands > 0.0 ? fmt::format("{:.0f} x", commands) : "";
    text += fmt::format("{:>8} {:<24}{:>10.3f} s\n", times, name, seconds);
  }
  return text;
}

std::string describe_bytes(const Prediction& prediction) {
  auto text = fmt::format("\n{:<18}{:>14}{:>16}\n", "GB an iteration", "inside nodes", "between nodes");
  const auto line = [](std::string_view name, const LinkBytes& bytes) {
    return fmt::format("{:<18}{:>14.3f}{:>16.3f}\n", name, bytes.within / giga, bytes.between / giga);
  };
  for (const auto& [what, name] : sent_for_names) text += line(name, prediction.bytes.of(what));
  return text + line("in all", prediction.bytes.sum());
}

std::string describe_cost(const Prediction& prediction) {
  auto text = fmt::format("\n{:.4f} device-hours an iteration", prediction.device_hours);
  if (prediction.price > 0.0) text += fmt::format(", at a price of {:.2f}", prediction.price);
  return text + "\n";
}

}  // namespace

std::string describe_ranks(const std::vector<int>& ranks) {
  std::vector<std::string> runs;
  for (std::size_t begin = 0; begin < ranks.size();) {
    auto end = begin + 1;
    while (end < ranks.size() && ranks[end] == ranks[end - 1] + 1) ++end;
    runs.push_back(end - begin > 1 ? fmt::format("{}-{}", ranks[begin], ranks[end - 1])
                                   : fmt::format("{}", ranks[begin]));
    begin = end;
  }
  constexpr std::size_t enough = 8;
  if (runs.size() > enough) {
    runs.resize(enough);
    runs.push_back(fmt::format("... ({} ranks)", ranks.size()));
  }
  return fmt::format("{}", fmt::join(runs, ", "));
}

std::string describe_misfits(const Prediction& prediction) {
  std::vector<std::string> misfits;
  for (const auto& [ranks, memory] : prediction.memory) {
    if (static_cast<double>(memory.total()) <= prediction.device_memory) continue;
    misfits.push_back(fmt::format("ranks {} ({}): {:.1f} GB of {:.1f} GB", describe_ranks(ranks),
                                  names_of_roles(memory), static_cast<double>(memory.total()) / giga,
                                  prediction.device_memory / giga));
  }
  if (!prediction.remedy.empty()) misfits.push_back(fmt::format("enough with {}", fmt::join(prediction.remedy, " ")));
  return fmt::format("{}", fmt::join(misfits, "; "));
}

std::string describe(const PlanReport& report) {
  const auto& prediction = report.prediction;
  return describe_cluster(report.cluster, prediction) + describe_layouts(report.placement) +
         describe_memory(prediction) + describe_times(prediction) + describe_critical_path(prediction) +
         describe_bytes(prediction) + describe_cost(prediction);
}

nlohmann::json to_json(const PlanReport& report) {
  const auto& prediction = report.prediction;
  nlohmann::json json{{"ranks", prediction.ranks},
                      {"iteration_s", prediction.iteration_s},
                      {"orchestrator_s", prediction.orchestrator_s},
                      {"tokens_per_second", prediction.tokens_per_second},
                      {"phase_s", prediction.phase_s},
                      {"share", prediction.share},
                      {"fits", prediction.fits()},
                      {"device_memory", prediction.device_memory},
                      {"device_hours", prediction.device_hours},
                      {"price", prediction.price}};
  for (const auto& [role, layout] : report.placement) {
    json["placement"][to_string(role)] = {{"ranks", layout.ranks()}, {"shards", layout.shards()}};
    json["idle"][to_string(role)] = prediction.idle.at(role);
  }
  for (const auto& [name, commands, seconds] : prediction.critical_path)
    json["critical_path"].push_back({{"name", name}, {"commands", commands}, {"seconds", seconds}});
  for (const auto& [what, name] : sent_for_names) {
    const auto& bytes = prediction.bytes.of(what);
    json["bytes"][name] = {{"within", bytes.within}, {"between", bytes.between}};
  }
  for (const auto& [ranks, memory] : prediction.memory) {
    nlohmann::json of_class{{"ranks", ranks}, {"total", memory.total()}};
    for (const auto& [of, name] : memory_class_names) of_class[name] = memory.bytes[of];
    json["memory"].push_back(of_class);
  }
  return json;
}

}  // namespace ballast
