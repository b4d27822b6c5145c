#include "launch/supervised_job.h"

#include <fmt/format.h>

#include <utility>

#include "launch/lessons.h"
#include "launch/memory_plan.h"
#include "launch/plan_vs_actual.h"
#include "launch/supervised_display.h"

namespace ballast {
namespace {

// What sft, reward and cost share: one role, and examples in the place of rollouts.
template <typename Config>
class SupervisedJob : public TrainingJob {
 public:
  SupervisedJob(Config config, Role role) : config_(std::move(config)), role_(role) {}

  const JobConfig& config() const override { return config_; }
  std::string yaml() const override { return write_config(config_); }
  PlacementRequest placement_request(int world_size) const override {
    const auto& workers = config_.workers;
    return {.roles = {role_},
            .shards = {{role_, static_cast<int>(workers.supervised.tensor_parallel)}},
            .world_size = world_size,
            .gradient_lanes = static_cast<int>(workers.gradient_lanes)};
  }
  std::vector<std::string> violations() const override { return violations_of(config_); }

  std::string memory(const Placement& placement) const override {
    return describe(memory_plan(config_, role_, placement));
  }

  Prediction predict(const Placement& placement, const Cluster& cluster, const PredictOptions& options) const override {
    return ballast::predict(config_, role_, placement, cluster, options);
  }

  void orchestrate(const JobParts& parts) const override {
    const Lessons lessons = role_ == Role::Actor ? read_texts(config_) : read_pairs(config_, role_);
    const auto steps = training_steps(config_.loop(), lessons.training->size());
    SupervisedRole learner(role_, parts.placement.at(role_), parts.stream);
    PlanVsActual plan(planned(parts));
    parts.stream.add_listener([&](const Command&, int rank, const Event& event) { plan.take_in(rank, event); });
    learner.load(steps);
    parts.make_run_folder();
    Journal journal(config_.output);
    SupervisedDisplay display(steps, config_.print_every);
    Checkpoints checkpoints(
        [&](const std::string& folder) { learner.save(fmt::format("{}/{}", folder, to_string(role_))); }, parts.stream,
        {}, config_.output);
    const auto done = train_supervised(learner, config_.loop(),
                                       {.examples = *lessons.training,
                                        .held_out = lessons.held_out.get(),
                                        .journal = journal,
                                        .checkpoints = checkpoints,
                                        .on_step = [&](auto step, const auto& figures) { display.show(step, figures); },
                                        .stop_requested = parts.stop_requested});
    parts.interrupted = done < steps;
    plan.tell(config_.output);
    if (parts.interrupted) {
      fmt::print("interrupted after {} of {} steps: {}/checkpoints/latest has the model\n", done, steps,
                 config_.output.string());
      return;
    }
    fmt::print(
        "{} steps in {:.1f} s, {:.0f} tokens/s; the run is in {}: {}/ is the trained model, metrics.jsonl has "
        "every step\n",
        steps, display.seconds(), display.tokens_per_second(), config_.output.string(), to_string(role_));
  }

 private:
  PlannedRun planned(const JobParts& parts) const {
    auto config = config_;
    config.workers.device = parts.on_gpu ? DeviceChoice::Cuda : DeviceChoice::Cpu;
    return {.memory = memory_plan(config, role_, parts.placement), .seconds = {}};
  }

  Config config_;
  Role role_;
};

}  // namespace

std::unique_ptr<TrainingJob> make_sft_job(SftConfig config) {
  return std::make_unique<SupervisedJob<SftConfig>>(std::move(config), Role::Actor);
}

std::unique_ptr<TrainingJob> make_preference_job(PreferenceConfig config) {
  const auto role = config.algorithm == Algorithm::reward ? Role::Reward : Role::Cost;
  return std::make_unique<SupervisedJob<PreferenceConfig>>(std::move(config), role);
}

}  // namespace ballast
