#include "orchestrator/simulated_run.h"

#include <utility>

#include "orchestrator/phase_times.h"
#include "orchestrator/supervised_loop.h"
#include "orchestrator/train_loop.h"

namespace ballast {
namespace {

// Where rows are cut by tokens they have as many as planned. Else they have none: how long they are is the cost model's
// business.
std::size_t row_length(const BatchConfig& batch, double length) {
  return batch.tokens_per_micro_batch ? static_cast<std::size_t>(length) : 0;
}

class AlikePrompts : public PromptStream {
 public:
  AlikePrompts(const BatchConfig& batch, double length) : batch_(batch), prompt_(row_length(batch, length)) {}

  PromptBatch next() override {
    PromptBatch result{.max_length = batch_.max_length, .micro_batches = {}, .ptx = {}};
    for (std::int64_t m = 0; m < batch_.rollout / batch_.micro_batch; ++m) {
      auto& rows = result.micro_batches.emplace_back();
      for (std::int64_t i = 0; i < batch_.micro_batch; ++i)
        rows.push_back({.id = next_id_++, .prompt = prompt_, .response = {}});
    }
    return result;
  }

 private:
  BatchConfig batch_;
  TokenIds prompt_;
  std::int64_t next_id_ = 0;
};

// Texts for a language model, pairs for a reward or cost model.
class AlikeExamples : public Examples {
 public:
  AlikeExamples(Role role, std::int64_t size, double length)
      : role_(role), size_(size), length_(static_cast<std::int64_t>(length)) {}

  std::int64_t size() const override { return size_; }
  std::int64_t tokens(std::int64_t) const override { return role_ == Role::Actor ? length_ : 2 * length_; }

  CommandBody learn(std::int64_t step, const std::vector<RowIndices>& micro_batches) const override {
    if (role_ == Role::Actor) {
      LearnText text{.role = role_, .step = step, .micro_batches = {}};
      for (const auto& rows : micro_batches) text.micro_batches.emplace_back(rows.size());
      return text;
    }
    LearnPairs pairs{.role = role_, .step = step, .micro_batches = {}};
    for (const auto& rows : micro_batches) pairs.micro_batches.emplace_back(rows.size());
    return pairs;
  }
  CommandBody evaluate(const RowIndices& rows) const override { return EvaluateText{.role = role_, .row_ids = rows}; }
  StepMetrics summary(const FiguresByRow&) const override { return {}; }

 private:
  Role role_;
  std::int64_t size_;
  std::int64_t length_;
};

// What had happened when an iteration was over.
struct Reached {
  TimelinePart timeline;
  SentBytes bytes;
  double orchestrator_s = 0.0;
};

Reached reached_by(const SimulatedQueues& queues, const TimelinePart& timeline) {
  return {timeline, queues.bytes(), queues.orchestrator_busy_s()};
}

// What happened from one to the other.
SimulatedRun run_between(const Reached& before, const Reached& after, std::int64_t iterations,
                         const Simulation& simulation) {
  const double share = 1.0 / static_cast<double>(iterations);
  SimulatedRun run{.begin = after.timeline.begin,
                   .end = after.timeline.end,
                   .iterations = iterations,
                   .orchestrator_s = (after.orchestrator_s - before.orchestrator_s) * share,
                   .columns = simulation.part().columns};
  run.critical_path = critical_path(simulation.queues().steps(), run.begin, run.end);
  run.bytes = after.bytes * share;
  run.bytes += before.bytes * -share;
  return run;
}

}  // namespace

SimulatedRun simulate(const Workload& workload, const Cluster& cluster, const Placement& placement,
                      const SimulationOptions& options) {
  Simulation simulation(workload, cluster, placement, options);
  const auto& part = simulation.part();
  auto& stream = simulation.stream();
  LoopConfig loop{.iterations = workload.one_step_ahead ? 3 : 2,  // the last one has no rollout to prepare
                  .batch = part.batch,
                  .one_step_ahead = workload.one_step_ahead,
                  .gradient_lanes = workload.gradient_lanes};
  loop.samples.every = 0;
  Metrics metrics;
  stream.add_listener([&](const Command& command, int, const Event& event) { metrics.take_in(command, event); });
  CastHandles roles(part.placement, stream, metrics, loop.cast_options());
  std::vector<Reached> reached;
  std::vector<StepMetrics> figures;
  Journal nothing_kept;
  RunRecord record(stream, metrics, nothing_kept,
                   {.on_iteration = [&](auto, const auto& found) { figures.push_back(found); },
                    .on_evaluation = [](auto, const auto&) {},
                    .on_sample = [](const auto&) {},
                    .on_timeline =
                        [&](auto iteration, const auto&, const auto& timeline) {
                          simulation.trace(iteration, timeline);
                          reached.push_back(reached_by(simulation.queues(), timeline));
                        }});
  Checkpoints nothing_saved(nullptr, stream, {}, {});
  AlikePrompts prompts(part.batch, workload.prompt);
  roles.load(training_steps(loop));
  train_ppo_lag(
      roles, loop,
      {.stream = stream, .metrics = metrics, .record = record, .checkpoints = nothing_saved, .prompts = prompts});
  auto run = run_between(reached.at(0), reached.at(1), 1, simulation);
  run.figures = std::move(figures.at(1));
  run.figures["tokens_per_second"] *= static_cast<double>(part.columns);
  return run;
}

SimulatedRun simulate_supervised(const Workload& workload, const Cluster& cluster, const Placement& placement,
                                 const SimulationOptions& options) {
  constexpr std::int64_t steps = 4;
  Simulation simulation(workload, cluster, placement, options);
  const auto& part = simulation.part();
  auto& stream = simulation.stream();
  const auto& [role, layout] = *part.placement.begin();
  const SupervisedLoopConfig loop{.iterations = steps,
                                  .batch = {.mini_batch = part.batch.mini_batch,
                                            .micro_batch = part.batch.micro_batch,
                                            .tokens_per_micro_batch = part.batch.tokens_per_micro_batch,
                                            .max_length = part.batch.max_length},
                                  .gradient_lanes = workload.gradient_lanes};
  SupervisedRole learner(role, layout, stream);
  learner.load(steps);
  const auto before = reached_by(simulation.queues(), {});
  Timeline timeline(part.placement, stream.now());
  stream.add_listener(
      [&](const Command& command, int rank, const Event& event) { timeline.take_in(command, rank, event); });
  const AlikeExamples examples(role, part.batch.mini_batch, workload.response);
  Journal nothing_kept;
  Checkpoints nothing_saved(nullptr, stream, {}, {});
  train_supervised(
      learner, loop,
      {.examples = examples, .journal = nothing_kept, .checkpoints = nothing_saved, .on_step = [](auto, const auto&) {
       }});
  const auto after = reached_by(simulation.queues(), timeline.take(stream.now()));
  simulation.trace(0, after.timeline);
  auto run = run_between(before, after, steps, simulation);
  run.figures = phase_times(after.timeline, part.placement);
  for (auto& [name, value] : run.figures) {
    if (name.starts_with("time/")) value /= static_cast<double>(steps);
  }
  const double sides = role == Role::Actor ? 1.0 : 2.0;
  const auto tokens = static_cast<double>(workload.batch.mini_batch) * sides * workload.response;
  run.figures["tokens_per_second"] = tokens / run.iteration_s();
  return run;
}

}  // namespace ballast
