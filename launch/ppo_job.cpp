#include "launch/ppo_job.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "launch/reward_checks.h"

namespace ballast {
namespace {

void print_iteration(std::int64_t iteration, std::int64_t iterations, const StepMetrics& mean) {
  std::string line = fmt::format("iteration {}/{}  reward {:+.4f}  kl {:.4f}", iteration + 1, iterations,
                                 mean.at("train/reward"), mean.at("train/kl_divergence"));
  if (mean.contains("train/cost")) {
    line += fmt::format("  cost {:+.4f}  lambda {:.4f}", mean.at("train/cost"), mean.at("train/lambda"));
  }
  fmt::print("{}  length {:.1f}\n", line, mean.at("train/mean_generated_length"));
  std::fflush(stdout);
}

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
    const auto prompts = random_prompts(config_.prompts.random, config_.loop.batch, config_.workers.seed);
    train_ppo_lag(roles, config_.loop,
                  {.stream = parts.stream,
                   .metrics = metrics,
                   .prompts = *prompts,
                   .journal = journal,
                   .run_folder = config_.output,
                   .on_iteration = [&](std::int64_t iteration, const StepMetrics& mean) {
                     print_iteration(iteration, config_.loop.iterations, mean);
                   }});
    fmt::print("the run is in {}: actor/ is the trained model, metrics.jsonl has every step\n",
               config_.output.string());
  }

 private:
  TrainConfig config_;
};

}  // namespace

std::unique_ptr<TrainingJob> make_ppo_job(TrainConfig config) {
  read_rule(config.workers.reward);
  read_rule(config.workers.cost);
  return std::make_unique<PpoJob>(std::move(config));
}

}  // namespace ballast
