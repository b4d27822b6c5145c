#include "launch/ppo_job.h"

#include <algorithm>
#include <utility>

#include "launch/memory_plan.h"
#include "launch/plan/clusters.h"
#include "launch/plan_vs_actual.h"
#include "launch/reward_checks.h"
#include "launch/run_display.h"
#include "launch/sample_log.h"
#include "orchestrator/trace.h"

namespace ballast {
namespace {

class PpoJob : public TrainingJob {
 public:
  explicit PpoJob(TrainConfig config) : config_(std::move(config)) {}

  const JobConfig& config() const override { return config_; }
  std::string yaml() const override { return write_config(config_); }
  PlacementRequest placement_request(int world_size) const override { return config_.placement_request(world_size); }
  std::vector<std::string> violations() const override { return violations_of(config_); }

  std::string memory(const Placement& placement) const override { return describe(memory_plan(config_, placement)); }

  Prediction predict(const Placement& placement, const Cluster& cluster, const PredictOptions& options) const override {
    return ballast::predict(config_, placement, cluster, options);
  }
  SearchResult search(const Cluster& cluster, std::int64_t ranks, const PlannedLengths& lengths) const override {
    return search_placement({.config = config_, .cluster = cluster, .ranks = ranks, .lengths = lengths});
  }

  void orchestrate(const JobParts& parts) const override {
    const auto tokenizer = tokenizer_of(config_.workers.actor.model);
    const auto work = read_rows({.tokenizer = tokenizer.get(), .max_length = config_.loop.batch.max_length});
    Metrics metrics;
    parts.stream.add_listener(
        [&](const Command& command, int, const Event& event) { metrics.take_in(command, event); });
    PlanVsActual plan(planned(parts));
    parts.stream.add_listener([&](const Command&, int rank, const Event& event) { plan.take_in(rank, event); });
    CastHandles roles(parts.placement, parts.stream, metrics, work.loop.cast_options());
    roles.load(training_steps(work.loop));
    parts.make_run_folder();
    Journal journal(config_.output);
    SampleLog samples(config_.output, tokenizer.get());
    Trace trace(config_.output / "trace.json", config_.trace, parts.stream.cast());
    RunDisplay display(work.loop.iterations, parts.show_progress);
    RunRecord record(
        parts.stream, metrics, journal,
        {.on_iteration =
             [&](auto iteration, const auto& figures) {
               display.iteration(iteration, figures);
               plan.iteration(figures);
             },
         .on_evaluation = [&](auto iterations, const auto& figures) { display.evaluation(iterations, figures); },
         .on_sample = [&](const Sample& sample) { samples.write(sample); },
         .on_timeline = [&](auto iteration, const auto& what,
                            const auto& part) { trace.write(iteration, what, part); }});
    Checkpoints checkpoints([&](const std::string& folder) { roles.save(folder); }, parts.stream, config_.checkpoint,
                            config_.output);
    const auto iterations = train_ppo_lag(roles, work.loop,
                                          {.stream = parts.stream,
                                           .metrics = metrics,
                                           .record = record,
                                           .checkpoints = checkpoints,
                                           .prompts = *work.prompts,
                                           .held_out = work.held_out,
                                           .stop_requested = parts.stop_requested});
    display.summary(config_.output, iterations);
    plan.tell(config_.output);
    parts.interrupted = iterations < work.loop.iterations;
  }

 private:
  PlannedRun planned(const JobParts& parts) const {
    auto config = config_;
    config.workers.device = parts.on_gpu ? DeviceChoice::Cuda : DeviceChoice::Cpu;
    PlannedRun run{.memory = memory_plan(config, parts.placement), .seconds = {}};
    if (!config.cluster) return run;
    const auto prediction = ballast::predict(config, parts.placement, find_cluster(*config.cluster), {});
    run.seconds["time/iteration"] = prediction.iteration_s;
    for (const auto& [phase, seconds] : prediction.phase_s) run.seconds["time/" + phase] = seconds;
    return run;
  }

  // What the loop works on, once the files are read.
  struct Work {
    LoopConfig loop;
    std::unique_ptr<PromptStream> prompts;
    std::optional<PromptBatch> held_out;
  };

  Work read_rows(const RowReading& reading) const {
    Work work{.loop = config_.loop, .prompts = nullptr, .held_out = held_out(reading)};
    work.loop.evaluate_every = config_.evaluation.every;
    work.loop.gradient_lanes = config_.workers.gradient_lanes;
    const auto seed = static_cast<std::uint64_t>(config_.workers.seed);
    if (!config_.prompts.data) {
      work.loop.iterations = *config_.iterations;
      work.prompts = random_prompts(*config_.prompts.random, work.loop.batch, seed);
      return work;
    }
    PromptRows rows{.prompts = read_prompt_rows(*config_.prompts.data, reading), .ptx = {}};
    if (config_.workers.ppo.ptx_coeff > 0.0 && config_.ptx.data.given()) {
      rows.ptx = read_ptx_rows(config_.ptx.data, reading);
    }
    const auto prompts = static_cast<std::int64_t>(rows.prompts.size());
    work.loop.iterations =
        config_.epochs ? iterations_of_epochs(*config_.epochs, prompts, work.loop.batch) : *config_.iterations;
    work.prompts = given_prompts(std::move(rows), work.loop.batch, seed);
    return work;
  }

  // The first rows of the held-out prompts; random ones are drawn with a seed of their own.
  std::optional<PromptBatch> held_out(const RowReading& reading) const {
    const auto& [prompts, every, rows] = config_.evaluation;
    if (!prompts) return std::nullopt;
    auto ids = prompts->data ? read_prompt_rows(*prompts->data, reading)
                             : draw_prompts(*prompts->random, rows, static_cast<std::uint64_t>(~config_.workers.seed));
    ids.resize(std::min<std::size_t>(ids.size(), static_cast<std::size_t>(rows)));
    return held_out_batch(ids, config_.loop.batch);
  }

  TrainConfig config_;
};

}  // namespace

std::unique_ptr<TrainingJob> make_ppo_job(TrainConfig config) {
  read_rule(config.workers.reward);
  read_rule(config.workers.cost);
  return std::make_unique<PpoJob>(std::move(config));
}

}  // namespace ballast
