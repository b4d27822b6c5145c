#include "launch/ppo_job.h"

#include <utility>

#include "launch/run_display.h"
#include "launch/sample_log.h"

namespace ballast {
namespace {

class PpoJob : public TrainingJob {
 public:
  explicit PpoJob(TrainConfig config) : config_(std::move(config)) {}

  const JobConfig& config() const override { return config_; }
  std::string yaml() const override { return write_config(config_); }
  std::vector<Role> roles() const override { return config_.roles(); }
  std::vector<std::string> violations() const override { return violations_of(config_); }

  void orchestrate(const JobParts& parts) const override {
    Metrics metrics;
    parts.stream.add_listener(
        [&](const Command& command, int, const Event& event) { metrics.take_in(command, event); });
    CastHandles roles(parts.placement, parts.stream, metrics);
    roles.load(training_steps(config_.loop));
    parts.make_run_folder();
    Journal journal(config_.output);
    SampleLog samples(config_.output);
    RunDisplay display(config_.loop.iterations, parts.show_progress);
    RunRecord record(
        parts.stream, metrics, journal,
        {.on_iteration = [&](auto iteration, const auto& figures) { display.iteration(iteration, figures); },
         .on_evaluation = [&](auto iterations, const auto& figures) { display.evaluation(iterations, figures); },
         .on_sample = [&](const Sample& sample) { samples.write(sample); }});
    Checkpoints checkpoints(roles, parts.stream, config_.checkpoint, config_.output);
    const auto prompts = random_prompts(config_.prompts.random, config_.loop.batch, config_.workers.seed);
    const auto iterations = train_ppo_lag(roles, config_.loop,
                                          {.stream = parts.stream,
                                           .metrics = metrics,
                                           .record = record,
                                           .checkpoints = checkpoints,
                                           .prompts = *prompts,
                                           .stop_requested = parts.stop_requested});
    display.summary(config_.output, iterations);
    parts.interrupted = iterations < config_.loop.iterations;
  }

 private:
  TrainConfig config_;
};

}  // namespace

std::unique_ptr<TrainingJob> make_ppo_job(TrainConfig config) { return std::make_unique<PpoJob>(std::move(config)); }

}  // namespace ballast
