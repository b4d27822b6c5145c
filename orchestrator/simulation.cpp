#include "orchestrator/simulation.h"

#include <fmt/format.h>

#include <initializer_list>
#include <limits>

namespace ballast {
namespace {

// What a loop must hear to go on: every response has the planned length, every other figure is 1.
Event plausible_answer(const Command& command, double response) {
  Event event;
  const auto rows = [&](const std::vector<std::int64_t>& ids, std::initializer_list<const char*> names) {
    event.rows.ids = ids;
    for (const auto* name : names) event.rows.values[name] = std::vector<double>(ids.size(), 1.0);
  };
  if (const auto* generate = std::get_if<Generate>(&command.body)) {
    rows(generate->row_ids, {"truncated"});
    event.rows.values["generated_length"] = std::vector<double>(generate->row_ids.size(), response);
  }
  if (const auto* score = std::get_if<Score>(&command.body)) {
    if (score->role == Role::Cost) rows(score->row_ids, {"cost"});
  }
  if (const auto* build = std::get_if<BuildExperience>(&command.body)) {
    rows(build->row_ids, {"reward", "reward_with_kl_penalty", "reward_advantage", "reward_return", "kl_divergence",
                          "cost", "cost_with_kl_penalty", "cost_advantage", "cost_return"});
  }
  return event;
}

EqualRanks simulated_part(const Workload& workload, const Cluster& cluster, const Placement& placement,
                          const SimulationOptions& options) {
  const auto world = world_of(placement);
  const bool devices_are_shared = world > cluster.ranks();
  const bool rows_change_replicas = workload.batch.tokens_per_micro_batch.has_value();
  if (options.each_rank || devices_are_shared || rows_change_replicas)
    return {.columns = 1, .placement = placement, .batch = workload.batch};
  return equal_ranks(placement, workload.batch, cluster.ranks_of_node(world));
}

std::vector<std::string> hosts_of(std::int64_t world, std::int64_t ranks_of_node) {
  std::vector<std::string> hosts;
  for (std::int64_t rank = 0; rank < world; ++rank) hosts.push_back(fmt::format("node{}", rank / ranks_of_node));
  return hosts;
}

SimulatedQueues::World world_for(const CostModel& costs, const Workload& workload, const Cluster& cluster,
                                 const EqualRanks& part) {
  return {
      .costs = [&costs](const Command& command) { return costs.costs(command); },
      .answer = [response = workload.response](const Command& command) { return plausible_answer(command, response); },
      .ranks_of_node = costs.ranks_of_node(),
      .devices_of_node = cluster.devices,
      .each_stands_for = part.columns,
      .message_s = cluster.message_s,
      .control_latency_s = cluster.control_latency_s};
}

}  // namespace

Simulation::Simulation(const Workload& workload, const Cluster& cluster, const Placement& placement,
                       const SimulationOptions& options)
    : part_(simulated_part(workload, cluster, placement, options)),
      costs_(workload, cluster, placement, part_),
      queues_(world_for(costs_, workload, cluster, part_)),
      stream_(queues_, {part_.placement, hosts_of(world_of(placement), costs_.ranks_of_node())}, {}) {
  constexpr TraceConfig everything{.iterations = std::numeric_limits<std::int64_t>::max()};
  if (options.trace) trace_.emplace(*options.trace, everything, stream_.cast());
}

void Simulation::trace(std::int64_t iteration, const TimelinePart& timeline) {
  if (trace_) trace_->write(iteration, "iteration", timeline);
}

}  // namespace ballast
