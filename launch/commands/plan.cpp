#include "launch/commands/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "launch/commands/enum_option.h"
#include "launch/environment.h"
#include "launch/mpirun.h"
#include "launch/plan/calibrate.h"
#include "launch/plan/clusters.h"
#include "launch/plan/plan_report.h"
#include "launch/plan/search_report.h"
#include "launch/training_job.h"
#include "workers/model/atomic_file.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

constexpr auto plan_examples = R"(
Examples:
  ballast plan -c configs/smoke/ppo_lag.yaml --cluster 6xcpu
  ballast plan -c configs/smoke/ppo_lag.yaml --cluster 1x8xH100 --trace plan.json
  ballast plan --calibrate my_cluster.yaml --ranks 2
  ballast plan -c configs/smoke/ppo_lag.yaml --cluster my_cluster.yaml --ranks 6 batch.rollout=64

The plan runs the orchestrator of a real run over ranks that only take modelled time; nothing is written. All rows are as
long as --prompt and --response say. The exit code is 2 where the job does not fit into memory.)";

constexpr std::int64_t most_ranks = 1 << 20;

struct PlanOptions {
  std::filesystem::path config;
  std::vector<std::string> overrides;  // 'key.path=value'
  std::string cluster;
  std::optional<std::int64_t> ranks;  // left out: one on each device
  std::optional<double> price;        // of a device for an hour
  std::optional<std::filesystem::path> json;
  PredictOptions predict;
  std::optional<std::filesystem::path> calibrate;  // measure, and write the figures there
  DeviceChoice device = DeviceChoice::Auto;        // this and the next: of the ranks that measure
  std::int64_t threads = 1;
  std::vector<std::string> command_line;
};

Placement planned_placement(const TrainingJob& job, std::int64_t ranks, const std::filesystem::path& file) {
  auto violations = job.violations();
  auto placement =
      resolve_placement(job.config().placement, job.placement_request(static_cast<int>(ranks)), violations);
  if (!violations.empty()) throw UserError(fmt::format("{}: {}", file.string(), fmt::join(violations, "\n  ")));
  return placement;
}

// Opened before anything is computed for it, and there once it is committed. nullptr without a path.
std::unique_ptr<AtomicFile> output_file(const char* option, const std::optional<std::filesystem::path>& path) {
  if (!path) return nullptr;
  try {
    return std::make_unique<AtomicFile>(*path);
  } catch (const std::system_error& error) {
    throw UserError(fmt::format("{}: '{}' cannot be written: {}", option, path->string(), error.code().message()));
  }
}

void write(AtomicFile& file, const std::string& text) {
  file.write(text);
  file.commit();
}

// `placement: auto`. Returns the exit code.
int search(const TrainingJob& job, const Cluster& cluster, std::int64_t ranks, const PlanOptions& options) {
  if (options.json || options.predict.trace) {
    throw UserError(
        "--json, --trace: with placement: auto there are several plans; allowed: the placement that it finds");
  }
  const auto violations = job.violations();
  if (!violations.empty()) {
    throw UserError(fmt::format("{}: {}", options.config.string(), fmt::join(violations, "\n  ")));
  }
  const auto result = job.search(cluster, ranks, options.predict.lengths);
  fmt::print("{}", describe(result));
  if (!result.best.empty()) return 0;
  fmt::print(stderr, "ballast: this does not fit on {} ranks, however it is placed: {}\n", ranks, result.shortage);
  return 2;
}

// On every rank; the first writes what all have measured. Returns the exit code.
int write_calibration(const PlanOptions& options) {
  World world(nullptr, nullptr);
  const auto file = world.rank() == 0 ? output_file("--calibrate", options.calibrate) : nullptr;
  FailureReport failure;
  const auto cluster =
      calibrate({.world = world, .failure = failure, .device = options.device, .threads = options.threads});
  if (file) {
    write(*file, write_config(cluster));
    fmt::print("{} has the figures of {} ranks on {} hosts\n", options.calibrate->string(), world.size(),
               cluster.nodes);
  }
  world.close();
  return 0;
}

// Starts the ranks where it is asked to and nobody has.
int calibrate_on_ranks(const PlanOptions& options) {
  if (options.ranks.value_or(0) > 0 && !has_launcher())
    return run_under_mpirun(static_cast<int>(*options.ranks), options.command_line);
  return write_calibration(options);
}

// Returns the exit code.
int plan(const PlanOptions& options) {
  auto cluster = find_cluster(options.cluster);
  if (options.price) cluster.price_per_device_hour = *options.price;
  Violations unreadable;
  const auto yaml = read_yaml_file(options.config, unreadable);
  unreadable.throw_if_any();
  const auto job = read_training_job(yaml, options.overrides);
  const auto ranks = options.ranks.value_or(cluster.ranks());
  if (ranks > most_ranks) {
    throw UserError(fmt::format("--cluster: found {} devices; allowed: --ranks 1 to {} on them", ranks, most_ranks));
  }
  if (job->config().placement.search) return search(*job, cluster, ranks, options);
  const auto placement = planned_placement(*job, ranks, options.config);
  const auto json = output_file("--json", options.json);
  output_file("--trace", options.predict.trace);  // the simulation writes it
  const auto prediction = job->predict(placement, cluster, options.predict);
  const PlanReport report{.cluster = cluster, .placement = placement, .prediction = prediction};
  fmt::print("{}", describe(report));
  if (json) write(*json, to_json(report).dump(2) + "\n");
  if (prediction.fits()) return 0;
  fmt::print(stderr, "ballast: this does not fit: {}\n", describe_misfits(prediction));
  return 2;
}

void add_options(CLI::App& verb, PlanOptions& options) {
  verb.add_option("-c,--config", options.config, "YAML configuration of `ballast train`");
  verb.add_option("overrides", options.overrides, "key.path=value, on top of the file");
  verb.add_option("--cluster", options.cluster,
                  "NODESxDEVICESxNAME of h100, h200, a100-80g or cpu, as 16x8xH100; or a YAML file");
  verb.add_option("--calibrate", options.calibrate,
                  "measure these machines with --ranks ranks, one to a device, and write the YAML file for --cluster");
  add_enum_option(verb, "--device", options.device, "of --calibrate: auto (CUDA where there is one), cpu or cuda");
  verb.add_option("--threads", options.threads, "of --calibrate: CPU threads of each rank")->check(CLI::PositiveNumber);
  verb.add_option("--ranks", options.ranks, "plan for so many; left out: one on each device")
      ->check(CLI::Range(std::int64_t{1}, most_ranks));
  verb.add_option("--prompt", options.predict.lengths.prompt, "tokens of each prompt")->check(CLI::PositiveNumber);
  verb.add_option("--response", options.predict.lengths.response, "tokens of each response; left out: as many as fit")
      ->check(CLI::PositiveNumber);
  verb.add_option("--price", options.price, "of a device for an hour")->check(CLI::NonNegativeNumber);
  verb.add_option("--trace", options.predict.trace, "write the simulated timeline here, for ui.perfetto.dev");
  verb.add_option("--json", options.json, "write the plan here too");
  verb.add_flag("--each-rank", options.predict.each_rank, "simulate every rank, not one of each class of equal ones");
}

}  // namespace

void add_plan(CLI::App& app, Invocation& invocation) {
  auto* verb = app.add_subcommand("plan", "Predict memory, time and cost of a job on a cluster, without running it");
  auto options = std::make_shared<PlanOptions>();
  add_options(*verb, *options);
  verb->footer(plan_examples);
  verb->callback([options, &invocation] {
    options->command_line = invocation.command_line;
    if (options->calibrate) {
      invocation.exit_code = calibrate_on_ranks(*options);
      return;
    }
    if (options->config.empty()) throw CLI::RequiredError("--config");
    if (options->cluster.empty()) throw CLI::RequiredError("--cluster");
    invocation.exit_code = plan(*options);
  });
}

}  // namespace ballast
