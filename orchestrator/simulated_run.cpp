#include "orchestrator/simulated_run.h"

#include <initializer_list>
#include <utility>

#include "orchestrator/trace.h"

namespace ballast {
namespace {

// Rows without tokens: how long they are is the cost model's business.
class AlikePrompts : public PromptStream {
 public:
  explicit AlikePrompts(const BatchConfig& batch) : batch_(batch) {}

  PromptBatch next() override {
    PromptBatch result{.max_length = batch_.max_length, .micro_batches = {}, .ptx = {}};
    for (std::int64_t m = 0; m < batch_.rollout / batch_.micro_batch; ++m) {
      auto& rows = result.micro_batches.emplace_back();
      for (std::int64_t i = 0; i < batch_.micro_batch; ++i)
        rows.push_back({.id = next_id_++, .prompt = {}, .response = {}});
    }
    return result;
  }

 private:
  BatchConfig batch_;
  std::int64_t next_id_ = 0;
};

// What the loop must hear to go on: every response has the planned length, every other figure is 1.
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

// What is simulated of a job.
EqualRanks simulated_part(const Workload& workload, const Cluster& cluster, const Placement& placement,
                          const SimulationOptions& options) {
  const auto world = world_of(placement);
  const bool devices_are_shared = world > cluster.ranks();
  if (options.each_rank || devices_are_shared) return {.columns = 1, .placement = placement, .batch = workload.batch};
  return equal_ranks(placement, workload.batch, cluster.ranks_of_node(world));
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

// What had happened when an iteration was over.
struct Reached {
  TimelinePart part;
  SentBytes bytes;
  double orchestrator_s = 0.0;
};

}  // namespace

SimulatedRun simulate(const Workload& workload, const Cluster& cluster, const Placement& placement,
                      const SimulationOptions& options) {
  constexpr std::int64_t iterations = 2;
  const auto part = simulated_part(workload, cluster, placement, options);
  const CostModel costs(workload, cluster, placement, part);
  SimulatedQueues queues(world_for(costs, workload, cluster, part));
  CommandStream stream(queues, {part.placement, std::vector<std::string>(world_of(placement), cluster.device)}, {});
  Metrics metrics;
  stream.add_listener([&](const Command& command, int, const Event& event) { metrics.take_in(command, event); });
  CastHandles roles(part.placement, stream, metrics);
  std::optional<Trace> trace;
  if (options.trace) trace.emplace(*options.trace, TraceConfig{.iterations = iterations}, stream.cast());
  std::vector<Reached> reached;
  SimulatedRun run{.columns = part.columns};
  Journal nothing_kept;
  RunRecord record(stream, metrics, nothing_kept,
                   {.on_iteration = [&](auto, const auto& figures) { run.figures = figures; },
                    .on_evaluation = [](auto, const auto&) {},
                    .on_sample = [](const auto&) {},
                    .on_timeline =
                        [&](auto iteration, const auto& what, const auto& timeline) {
                          if (trace) trace->write(iteration, what, timeline);
                          reached.push_back({timeline, queues.bytes(), queues.orchestrator_busy_s()});
                        }});
  Checkpoints nothing_saved(nullptr, stream, {}, {});
  AlikePrompts prompts(part.batch);
  LoopConfig loop{.iterations = iterations, .batch = part.batch};
  loop.samples.every = 0;
  roles.load(training_steps(loop));
  train_ppo_lag(
      roles, loop,
      {.stream = stream, .metrics = metrics, .record = record, .checkpoints = nothing_saved, .prompts = prompts});

  const auto& before = reached.front();
  const auto& after = reached.back();
  run.begin = after.part.begin;
  run.end = after.part.end;
  run.critical_path = critical_path(queues.steps(), run.begin);
  run.bytes = after.bytes;
  run.bytes += before.bytes * -1.0;
  run.orchestrator_s = after.orchestrator_s - before.orchestrator_s;
  run.figures["tokens_per_second"] *= static_cast<double>(part.columns);
  return run;
}

}  // namespace ballast
