#include "launch/commands/bench.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "launch/bench/comm_works.h"
#include "launch/bench/iteration_works.h"
#include "launch/commands/enum_option.h"
#include "launch/end_watch.h"
#include "launch/environment.h"
#include "launch/last_words.h"
#include "launch/mpirun.h"
#include "launch/processor_share.h"
#include "launch/rank_device.h"
#include "workers/cpu_kernels/heap.h"
#include "workers/device.h"

namespace ballast {
namespace {

constexpr auto bench_examples = R"(
Every figure is the minimum and the median of repeated runs after one that does not count. The limit is what a product and
a copy, measured in the same run, would allow: the time of the floating-point operations or that of the bytes, whichever is
longer. docs/benchmarks.md defines each figure and has those of one machine.

Examples:
  ballast bench generate --shape S --batch 16 --prompt 64 --new 128
  ballast bench generate --model DIR --dtype bfloat16 --threads 2 --temperature 0
  ballast bench score --shape M
  ballast bench train --shape M --batch 16 --prompt 64 --new 128 --json train.json
  ballast bench iteration --shape S --ranks 6 --micro-batches 4 --output runs/bench
  mpirun -n 6 ballast bench iteration --shape S lambda.cost_limit=-1
  ballast bench comm --ranks 4 --max-bytes 67108864
  ballast bench generate --shape hidden=128,layers=2,heads=4,intermediate=256,vocab=2048)";

constexpr auto largest_array = std::int64_t{1} << 40;

struct BenchOptions {
  IterationOptions iteration;
  CommOptions comm;
  int ranks = 0;                 // start them by mpirun; 0: run as the launcher has started us
  std::filesystem::path output;  // empty: a temporary folder
  std::filesystem::path json;
  std::vector<std::string> command_line;  // for the record
};

nlohmann::json settings_of(const BenchOptions& options) {
  const auto& work = options.iteration.work;
  return {{"model", work.model.name()},
          {"dtype", enum_names(work.model.dtype)[static_cast<std::size_t>(work.model.dtype)].second},
          {"device", enum_names(work.device)[static_cast<std::size_t>(work.device)].second},
          {"batch", work.batch},
          {"prompt", work.prompt},
          {"new", work.response},
          {"temperature", work.temperature},
          {"micro_batches", options.iteration.micro_batches},
          {"threads", work.threads}};
}

using Measure = std::vector<MeasuredWork> (*)(const WorkOptions&, const MachineRates&);

void bench_model(const std::string& verb, Measure measure_model, const BenchOptions& options) {
  const auto& work = options.iteration.work;
  const auto threads = static_cast<int>(work.threads);
  at::set_num_threads(threads);
  keep_to_own_processors({.threads = threads});
  keep_freed_memory();
  model_source(work.model, work.max_length());  // a mistake is found before anything is measured
  const auto rates = measure_machine(work.model.dtype, choose_device(work.device));
  const auto works = measure_model(work, rates);
  fmt::print("{}{}", describe_machine(), describe(works, rates));
  write_report(options.json, {.verb = verb, .settings = settings_of(options), .command_line = options.command_line},
               to_json(works, rates));
}

int bench_comm(const BenchOptions& options) {
  const auto& comm = options.comm;
  if (comm.min_bytes > comm.max_bytes) {
    throw UserError(
        fmt::format("--min-bytes: found {}; allowed: at most --max-bytes, {}", comm.min_bytes, comm.max_bytes));
  }
  World world(nullptr, nullptr);
  const auto device = device_of_rank(options.iteration.work.device, world);
  const auto between_devices = communicator_between_devices(world, device);
  auto& transport = between_devices ? *between_devices : world.communicator();
  const auto transfers = measure_transfers({.transport = transport,
                                            .device = between_devices ? device : c10::Device(c10::kCPU),
                                            .agreement = world.communicator()},
                                           comm);
  if (world.rank() == 0) {
    fmt::print("{}{} ranks, buffers on {}\n{}", describe_machine(), world.size(), device.str(), describe(transfers));
    const nlohmann::json settings{{"ranks", world.size()}, {"hosts", world.hosts()}, {"device", device.str()}};
    write_report(options.json, {.verb = "comm", .settings = settings, .command_line = options.command_line},
                 to_json(transfers));
  }
  world.close();
  const bool right = std::ranges::all_of(transfers, [](const auto& transfer) { return transfer.wrong == 0; });
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}

// Where the run leaves its files; a folder that nobody asked for is removed.
class OutputFolder {
 public:
  explicit OutputFolder(std::filesystem::path asked_for) : path_(std::move(asked_for)), temporary_(path_.empty()) {
    if (temporary_) path_ = std::filesystem::temp_directory_path() / fmt::format("ballast-bench-{}", getpid());
    std::filesystem::create_directories(path_);
  }
  ~OutputFolder() {
    std::error_code ignored;
    if (temporary_) std::filesystem::remove_all(path_, ignored);
  }
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  bool temporary_;
};

int bench_iteration(const BenchOptions& options) {
  FailureReport failure;
  LastWords last_words(failure);
  const EndWatch watch([&](const End& end) { last_words.hear(end); });
  auto config = iteration_config(options.iteration);
  at::set_num_threads(static_cast<int>(config.threads_per_rank));
  World world(nullptr, nullptr);
  std::optional<OutputFolder> folder;
  if (world.rank() == 0) config.output = folder.emplace(options.output).path();
  std::vector<StepMetrics> figures;
  const int exit_code = run_iterations(
      config, {.world = world, .device = device_of_rank(config.workers.device, world), .failure = failure}, figures);
  if (world.rank() == 0 && exit_code == EXIT_SUCCESS) {
    fmt::print("{}{} ranks, {} thread(s) each\n{}", describe_machine(), world.size(), config.threads_per_rank,
               describe_iterations(figures));
    auto settings = settings_of(options);
    settings["ranks"] = world.size();
    settings["overrides"] = options.iteration.overrides;
    write_report(options.json, {.verb = "iteration", .settings = settings, .command_line = options.command_line},
                 iterations_to_json(figures));
  }
  world.close();
  return exit_code;
}

// Runs on all ranks, which this process starts where it is asked to. A mistake is the same on every rank: rank 0
// speaks.
int on_ranks(const BenchOptions& options, int (*work)(const BenchOptions&)) {
  if (options.ranks > 0 && !has_launcher()) return run_under_mpirun(options.ranks, options.command_line);
  try {
    return work(options);
  } catch (const UserError&) {
    if (launcher_rank() == 0) throw;
    return 2;
  }
}

class BenchVerbs {
 public:
  BenchVerbs(CLI::App& bench, Invocation& invocation) : bench_(bench), invocation_(invocation) {}

  void add_model_verb(const std::string& name, const std::string& meaning, Measure measure_model) {
    auto& verb = add(name, meaning);
    add_model_options(verb);
    run(verb, [=](const BenchOptions& options) {
      bench_model(name, measure_model, options);
      return EXIT_SUCCESS;
    });
  }

  void add_iteration() {
    auto& verb = add("iteration", "Whole iterations of PPO-Lagrangian with six models, on the ranks that are there");
    add_model_options(verb);
    option(verb, "--micro-batches", options_->iteration.micro_batches,
           "of --batch rows; an iteration makes as many optimizer steps")
        ->check(CLI::PositiveNumber);
    verb.add_option("--output", options_->output, "keep the run folder, with trace.json, here");
    verb.add_option("overrides", options_->iteration.overrides, "key.path=value of `ballast train`");
    add_ranks(verb);
    run(verb, [](const BenchOptions& options) { return on_ranks(options, bench_iteration); });
  }

  void add_comm() {
    auto& verb = add("comm", "The transport between ranks: latency and bandwidth by operation and size, as nccl-tests");
    auto& comm = options_->comm;
    option(verb, "--min-bytes", comm.min_bytes, "of the smallest array")
        ->check(CLI::Range(std::int64_t{1}, largest_array));
    option(verb, "--max-bytes", comm.max_bytes, "of the largest array")
        ->check(CLI::Range(std::int64_t{1}, largest_array));
    option(verb, "--factor", comm.factor, "from one size to the next")->check(CLI::Range(2, 1 << 20));
    option(verb, "--repeats", comm.repeats, "of each measurement")->check(CLI::PositiveNumber);
    add_device(verb);
    add_ranks(verb);
    run(verb, [](const BenchOptions& options) { return on_ranks(options, bench_comm); });
  }

 private:
  template <typename Value>
  static CLI::Option* option(CLI::App& verb, const char* name, Value& value, const char* meaning) {
    return verb.add_option(name, value, meaning)->capture_default_str();
  }

  CLI::App& add(const std::string& name, const std::string& meaning) {
    auto& verb = *bench_.add_subcommand(name, meaning);
    verb.footer(bench_examples);
    verb.add_option("--json", options_->json, "write the results here too");
    return verb;
  }

  void add_ranks(CLI::App& verb) {
    verb.add_option("--ranks", options_->ranks, "start that many by mpirun")->check(CLI::PositiveNumber);
  }

  void add_device(CLI::App& verb) {
    add_enum_option(verb, "--device", options_->iteration.work.device, "auto (CUDA where there is one), cpu or cuda");
  }

  void add_model_options(CLI::App& verb) {
    auto& work = options_->iteration.work;
    auto* model = verb.add_option("--model", work.model.folder, "Hugging Face folder of a causal language model");
    option(verb, "--shape", work.model.shape,
           "S, M, llama-1.1b, or hidden=..,layers=..,heads=..,intermediate=..,vocab=..")
        ->excludes(model);
    add_enum_option(verb, "--dtype", work.model.dtype, "what the model computes in: float32 or bfloat16");
    add_device(verb);
    verb.add_flag("--activation-checkpointing", work.model.activation_checkpointing,
                  "a model that learns keeps each layer's input alone and computes the rest again");
    option(verb, "--batch", work.batch, "rows")->check(CLI::PositiveNumber);
    option(verb, "--prompt", work.prompt, "tokens of a prompt")->check(CLI::PositiveNumber);
    option(verb, "--new", work.response, "tokens of a response")->check(CLI::PositiveNumber);
    option(verb, "--temperature", work.temperature, "0: always the likeliest token")->check(CLI::NonNegativeNumber);
    option(verb, "--repeats", work.repeats, "of each measurement")->check(CLI::PositiveNumber);
    option(verb, "--threads", work.threads, "CPU threads of each process")->check(CLI::PositiveNumber);
  }

  void run(CLI::App& verb, std::function<int(const BenchOptions&)> work) {
    verb.callback([options = options_, work = std::move(work), &invocation = invocation_] {
      options->command_line = invocation.command_line;
      invocation.exit_code = work(*options);
    });
  }

  CLI::App& bench_;
  Invocation& invocation_;
  const std::shared_ptr<BenchOptions> options_ = std::make_shared<BenchOptions>();
};

}  // namespace

void add_bench(CLI::App& app, Invocation& invocation) {
  auto* bench = app.add_subcommand("bench", "Measure how fast generation, scoring, training and ranks are");
  bench->require_subcommand(1);
  bench->footer(bench_examples);
  BenchVerbs verbs(*bench, invocation);
  verbs.add_model_verb("generate", "Tokens per second of generation", measure_generation);
  verbs.add_model_verb("score", "Tokens per second of log-probs and of scores", measure_scoring);
  verbs.add_model_verb("train", "Tokens per second of an optimizer step", measure_training);
  verbs.add_iteration();
  verbs.add_comm();
}

}  // namespace ballast
