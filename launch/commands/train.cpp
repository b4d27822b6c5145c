#include "launch/commands/train.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <thread>

#include "launch/config_file.h"
#include "launch/end_watch.h"
#include "launch/environment.h"
#include "launch/run_folder.h"
#include "launch/session.h"
#include "launch/train_config.h"

namespace ballast {
namespace {

// What rank 0 found, told to all: the resolved configuration, or why there is none.
struct Resolved {
  std::string yaml;
  std::string error;
};

Placement placement_of(const TrainConfig& config, int world_size, std::vector<std::string>& violations) {
  return resolve_placement(config.placement,
                           {.roles = config.roles(),
                            .world_size = world_size,
                            .gradient_lanes = static_cast<int>(config.workers.gradient_lanes)},
                           violations);
}

Resolved resolve(const TrainOptions& options, int world_size) {
  try {
    const auto config = read_config<TrainConfig>(options.config, options.overrides);
    auto violations = violations_of(config);
    placement_of(config, world_size, violations);
    if (violations.empty()) return {.yaml = write_config(config), .error = ""};
    return {.yaml = "", .error = fmt::format("{}: {}", options.config.string(), fmt::join(violations, "\n  "))};
  } catch (const ConfigError& error) {
    return {.yaml = "", .error = error.what()};
  }
}

// Rank 0 reads and checks; the others are told. Exactly one rank speaks about an error.
Resolved resolve_once(const TrainOptions& options, World& world) {
  Resolved resolved;
  if (world.rank() == 0) resolved = resolve(options, world.size());
  return {.yaml = world.broadcast(resolved.yaml, 0), .error = world.broadcast(resolved.error, 0)};
}

void print_iteration(std::int64_t iteration, std::int64_t iterations, const StepMetrics& mean) {
  std::string line = fmt::format("iteration {}/{}  reward {:+.4f}  kl {:.4f}", iteration + 1, iterations,
                                 mean.at("train/reward"), mean.at("train/kl_divergence"));
  if (mean.contains("train/cost")) {
    line += fmt::format("  cost {:+.4f}  lambda {:.4f}", mean.at("train/cost"), mean.at("train/lambda"));
  }
  fmt::print("{}  length {:.1f}\n", line, mean.at("train/mean_generated_length"));
  std::fflush(stdout);
}

void print_plan(const TrainConfig& config, const Placement& placement, const std::string& yaml) {
  fmt::print("{}\nplacement: {}\noutput: {}\n", yaml, describe(placement), config.output.string());
}

// The orchestrator's job on rank 0.
void orchestrate(const TrainConfig& config, const Placement& placement, CommandStream& stream) {
  Metrics metrics;
  stream.add_listener([&](const Command& command, int, const Event& event) { metrics.take_in(command, event); });
  Journal journal(config.output);
  const auto prompts = random_prompts(config.prompts.random, config.loop.batch, config.workers.seed);
  train_ppo_lag(placement, config.loop,
                {.stream = stream,
                 .metrics = metrics,
                 .prompts = *prompts,
                 .journal = journal,
                 .run_folder = config.output,
                 .on_iteration = [&](std::int64_t iteration, const StepMetrics& mean) {
                   print_iteration(iteration, config.loop.iterations, mean);
                 }});
  fmt::print("the run is in {}: actor/ is the trained model, metrics.jsonl has every step\n", config.output.string());
}

void prepare_run_folder(const TrainOptions& options, const TrainConfig& config, const std::string& yaml, World& world) {
  const auto aside = make_run_folder(
      config.output, {.config_yaml = yaml, .command_line = options.command_line, .hosts = world.hosts()});
  if (!aside.empty()) fmt::print("an earlier run was moved from {} to {}\n", config.output.string(), aside.string());
}

}  // namespace

int train(const TrainOptions& options) {
  FailureReport failure;
  Session* session = nullptr;
  std::mutex session_mutex;
  const EndWatch watch([&](const std::string& reason) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // the orchestrator may know more
    const std::lock_guard lock(session_mutex);
    if (session && launcher_rank() == 0) failure.say(fmt::format("{}: {}", session->where(), reason));
    std::_Exit(EXIT_FAILURE);
  });
  World world(nullptr, nullptr);
  const auto resolved = resolve_once(options, world);
  if (!resolved.error.empty()) {
    if (world.rank() == 0) failure.say(resolved.error);
    world.close();
    return 2;
  }
  const auto config = parse_config<TrainConfig>({.text = resolved.yaml, .source = "the resolved configuration"});
  at::set_num_threads(static_cast<int>(config.threads_per_rank));
  std::vector<std::string> none;
  const auto placement = placement_of(config, world.size(), none);
  if (options.dry_run) {
    if (world.rank() == 0) print_plan(config, placement, resolved.yaml);
    world.close();
    return EXIT_SUCCESS;
  }
  if (world.rank() == 0) prepare_run_folder(options, config, resolved.yaml, world);
  failure.write_into(world.rank() <= 1 ? config.output : "");
  int exit_code = EXIT_SUCCESS;
  {
    Session running({.world = world,
                     .placement = placement,
                     .workers = config.workers,
                     .stream = config.stream,
                     .failure = failure});
    const auto announce = [&](Session* now) {
      const std::lock_guard lock(session_mutex);
      session = now;
    };
    announce(&running);
    exit_code = running.run([&](CommandStream& stream) { orchestrate(config, placement, stream); });
    announce(nullptr);
  }
  world.close();
  return exit_code;
}

}  // namespace ballast
