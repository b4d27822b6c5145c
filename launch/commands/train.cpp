#include "launch/commands/train.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>

#include "comm/host_address.h"
#include "launch/commands/enum_option.h"
#include "launch/config_file.h"
#include "launch/end_watch.h"
#include "launch/environment.h"
#include "launch/last_words.h"
#include "launch/mpirun.h"
#include "launch/plan/clusters.h"
#include "launch/rank_device.h"
#include "launch/run_folder.h"
#include "launch/session.h"
#include "launch/training_job.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

constexpr auto examples = R"(
Examples:
  ballast train -c configs/smoke/ppo_lag.yaml
  ballast train -c configs/smoke/ppo_lag.yaml --ranks 6
  mpirun -n 6 ballast train -c configs/smoke/ppo_lag.yaml iterations=10 lambda.cost_limit=-1
  ballast train -c configs/smoke/ppo_lag.yaml --ranks 6 --dry-run

Ctrl-C finishes the iteration, writes a checkpoint and ends with exit code 130; a second one ends the run at once. Under a
plain mpirun, which kills its ranks within half a second of Ctrl-C, signal rank 0 or send mpirun SIGUSR1 instead.)";

struct TrainOptions {
  std::filesystem::path config;
  std::vector<std::string> overrides;  // 'key.path=value'
  bool dry_run = false;                // print what would run, write nothing
  int ranks = 0;                       // start them by mpirun; 0: run as the launcher has started us
  ShowProgress show_progress = ShowProgress::Auto;
  std::vector<std::string> command_line;  // for the record
};

// What rank 0 found, told to all: the resolved configuration, or why there is none.
struct Resolved {
  std::string yaml;
  std::string error;
};

Placement placement_of(const TrainingJob& job, int world_size, std::vector<std::string>& violations) {
  return resolve_placement(job.config().placement, job.placement_request(world_size), violations);
}

// The orchestrator listens where rank 0 runs. A dry run may have been started elsewhere.
void check_control_address(const std::string& wanted, std::vector<std::string>& violations) {
  const auto addresses = host_addresses();
  if (!matching(addresses, wanted).empty()) return;
  violations.push_back(fmt::format("control_address: found {}; rank 0's host has {}", wanted, describe(addresses)));
}

// With `placement: auto` and a cluster the job as `ballast plan` would place it.
std::unique_ptr<TrainingJob> searched(std::unique_ptr<TrainingJob> job, const YamlText& yaml,
                                      const TrainOptions& options, int world_size) {
  const auto& config = job->config();
  if (!config.placement.search || !config.cluster) return job;
  const auto result = job->search(find_cluster(*config.cluster), world_size, {});
  if (result.best.empty())
    throw UserError(fmt::format("placement: found nothing that fits on {} ranks; {}", world_size, result.shortage));
  auto overrides = options.overrides;
  std::ranges::copy(overrides_of(result.best.front()), std::back_inserter(overrides));
  return read_training_job(yaml, overrides);
}

Resolved resolve(const TrainOptions& options, int world_size) {
  if (options.ranks > 0 && options.ranks != world_size) {
    return {.yaml = "",
            .error = fmt::format("--ranks: found {}; the launcher has started {}", options.ranks, world_size)};
  }
  try {
    Violations unreadable;
    const auto yaml = read_yaml_file(options.config, unreadable);
    unreadable.throw_if_any();
    auto job = read_training_job(yaml, options.overrides);
    auto violations = job->violations();
    placement_of(*job, world_size, violations);
    if (!options.dry_run) check_control_address(job->config().control_address.value_or(""), violations);
    if (violations.empty()) return {.yaml = searched(std::move(job), yaml, options, world_size)->yaml(), .error = ""};
    return {.yaml = "", .error = fmt::format("{}: {}", options.config.string(), fmt::join(violations, "\n  "))};
  } catch (const UserError& error) {
    return {.yaml = "", .error = error.what()};
  }
}

// Ranks of the job; a dry run plans for as many as one likes.
int job_size(const TrainOptions& options, const World& world) {
  return options.dry_run && options.ranks > 0 ? options.ranks : world.size();
}

// Rank 0 reads and checks; the others are told. Exactly one rank speaks about an error.
Resolved resolve_once(const TrainOptions& options, World& world) {
  Resolved resolved;
  if (world.rank() == 0) resolved = resolve(options, job_size(options, world));
  return {.yaml = world.broadcast(resolved.yaml, 0), .error = world.broadcast(resolved.error, 0)};
}

// A job and where it runs.
struct Launch {
  const TrainOptions& options;
  const TrainingJob& job;
  Placement placement;
  std::vector<std::string> hosts;
  c10::Device device = c10::kCPU;  // of this rank
};

// This rank's device; nothing after rank 0 has said why there is none.
std::optional<c10::Device> find_device(DeviceChoice choice, World& world, FailureReport& failure) {
  try {
    return device_of_rank(choice, world);
  } catch (const UserError& error) {
    if (world.rank() == 0) failure.say(error.what());
    return std::nullopt;
  }
}

void print_plan(const Launch& launch) {
  fmt::print("{}\nplacement: {}\n{}output: {}\n", launch.job.yaml(), describe(launch.placement),
             launch.job.memory(launch.placement), launch.job.config().output.string());
}

void prepare_run_folder(const Launch& launch, FailureReport& failure) {
  const auto& folder = launch.job.config().output;
  const auto aside = make_run_folder(
      folder, {.config_yaml = launch.job.yaml(), .command_line = launch.options.command_line, .hosts = launch.hosts});
  if (!aside.empty()) fmt::print("an earlier run was moved from {} to {}\n", folder.string(), aside.string());
  failure.write_into(folder);
}

// Runs the job on this rank; returns the exit code.
int run(const Launch& launch, World& world, FailureReport& failure, LastWords& last_words) {
  const auto& config = launch.job.config();
  if (world.rank() == 1) failure.write_into(config.output);  // it speaks when rank 0 is dead
  Session session({.world = world,
                   .placement = launch.placement,
                   .workers = config.workers,
                   .stream = config.stream,
                   .failure = failure,
                   .device = launch.device,
                   .threads = config.threads_per_rank,
                   .control_address = config.control_address.value_or("")});
  last_words.speak_of(&session);
  bool interrupted = false;
  const int exit_code = session.run([&](CommandStream& stream) {
    launch.job.orchestrate({.stream = stream,
                            .placement = launch.placement,
                            .make_run_folder = [&] { prepare_run_folder(launch, failure); },
                            .show_progress = launch.options.show_progress,
                            .on_gpu = launch.device.is_cuda(),
                            .stop_requested = [&] { return last_words.stop_requested(); },
                            .interrupted = interrupted});
  });
  last_words.speak_of(nullptr);
  return interrupted ? interrupted_exit_code : exit_code;
}

// On every rank of the job; returns the exit code.
int train(const TrainOptions& options) {
  FailureReport failure;
  LastWords last_words(failure);
  const EndWatch watch([&](const End& end) { last_words.hear(end); });
  World world(nullptr, nullptr);
  const auto resolved = resolve_once(options, world);
  if (!resolved.error.empty()) {
    if (world.rank() == 0) failure.say(resolved.error);
    world.close();
    return 2;
  }
  const auto job = read_training_job({.text = resolved.yaml, .source = "the resolved configuration"});
  at::set_num_threads(static_cast<int>(job->config().threads_per_rank));
  std::vector<std::string> none;
  Launch launch{.options = options,
                .job = *job,
                .placement = placement_of(*job, job_size(options, world), none),
                .hosts = world.hosts()};
  int exit_code = EXIT_SUCCESS;
  if (options.dry_run) {
    if (world.rank() == 0) print_plan(launch);
  } else if (const auto device = find_device(job->config().workers.device, world, failure)) {
    launch.device = *device;
    exit_code = run(launch, world, failure, last_words);
  } else {
    exit_code = 2;
  }
  world.close();
  return exit_code;
}

}  // namespace

void add_train(CLI::App& app, Invocation& invocation) {
  auto* verb = app.add_subcommand("train", "Run one training job from a configuration file");
  auto options = std::make_shared<TrainOptions>();
  verb->add_option("-c,--config", options->config, "YAML configuration")->required();
  verb->add_option("overrides", options->overrides, "key.path=value, on top of the file");
  verb->add_flag("--dry-run", options->dry_run, "print configuration, placement and memory, write nothing");
  verb->add_option("--ranks", options->ranks, "start that many ranks by mpirun, which Ctrl-C then does not reach")
      ->check(CLI::PositiveNumber);
  add_enum_option(*verb, "--progress", options->show_progress,
                  "a bar on stderr: auto (on a terminal), always or never");
  verb->footer(examples);
  verb->callback([options, &invocation] {
    options->command_line = invocation.command_line;
    const bool launches = options->ranks > 0 && !options->dry_run && !has_launcher();
    invocation.exit_code = launches ? run_under_mpirun(options->ranks, options->command_line) : train(*options);
  });
}

}  // namespace ballast
