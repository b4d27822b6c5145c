#include "launch/bench/iteration_works.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "launch/bench/timing.h"
#include "launch/config_file.h"
#include "launch/session.h"
#include "orchestrator/phase_times.h"
#include "orchestrator/trace.h"

namespace ballast {
namespace {

std::string yaml_of(const IterationOptions& options) {
  const auto& work = options.work;
  const auto source = model_source(work.model, work.max_length());
  constexpr auto slots_multiple = GenerationConfig::rows_multiple;
  TrainConfig config;
  config.iterations = work.repeats + 1;
  config.loop.batch = {.rollout = work.batch * options.micro_batches,
                       .mini_batch = work.batch,
                       .micro_batch = work.batch,
                       .max_length = work.max_length()};
  config.loop.samples.every = 0;
  config.trace.iterations = work.repeats + 1;
  config.threads_per_rank = work.threads;
  config.prompts.random =
      RandomPromptsConfig{.min_length = work.prompt, .max_length = work.prompt, .vocab = model_config(source).vocab};
  auto& workers = config.workers;
  workers.device = work.device;
  for (auto* model : {&workers.actor.model, &workers.reward.model, &workers.cost.model}) *model = source;
  workers.reward.model.seed = 2;
  workers.cost.model.seed = 3;
  workers.sampling = {
      .temperature = work.temperature, .min_new_tokens = work.response, .max_new_tokens = work.response};
  workers.generation.slots = (work.batch + slots_multiple - 1) / slots_multiple * slots_multiple;
  return write_config(config);
}

// The iterations that count.
std::vector<double> of_each(const std::vector<StepMetrics>& figures, const std::string& name) {
  std::vector<double> values;
  for (std::size_t i = 1; i < figures.size(); ++i) values.push_back(figures[i].at(name));
  return values;
}

bool is_share(const std::string& name) { return name.starts_with("share/") || name.starts_with("idle/"); }

}  // namespace

TrainConfig iteration_config(const IterationOptions& options) {
  auto config =
      parse_config<TrainConfig>({.text = yaml_of(options), .source = "the benchmark's settings"}, options.overrides);
  auto violations = violations_of(config);
  if (config.iterations.value_or(0) < 2) violations.push_back("iterations: a benchmark needs at least 2");
  if (!config.prompts.random) violations.push_back("prompts: a benchmark takes random ones");
  if (!violations.empty()) throw UserError(fmt::format("{}", fmt::join(violations, "; ")));
  return config;
}

int run_iterations(const TrainConfig& config, const BenchRank& rank, std::vector<StepMetrics>& figures) {
  std::vector<std::string> violations;
  const auto placement = resolve_placement(config.placement, config.placement_request(rank.world.size()), violations);
  if (!violations.empty()) throw UserError(fmt::format("{}", fmt::join(violations, "; ")));
  Session session({.world = rank.world,
                   .placement = placement,
                   .workers = config.workers,
                   .stream = config.stream,
                   .failure = rank.failure,
                   .device = rank.device,
                   .threads = config.threads_per_rank});
  return session.run([&](CommandStream& stream) {
    auto loop = config.loop;
    loop.iterations = *config.iterations;
    loop.gradient_lanes = config.workers.gradient_lanes;
    const auto prompts =
        random_prompts(*config.prompts.random, loop.batch, static_cast<std::uint64_t>(config.workers.seed));
    Metrics metrics;
    stream.add_listener([&](const Command& command, int, const Event& event) { metrics.take_in(command, event); });
    CastHandles roles(placement, stream, metrics, loop.cast_options());
    roles.load(training_steps(loop));
    Journal journal(config.output);
    Trace trace(config.output / "trace.json", config.trace, stream.cast());
    RunRecord record(stream, metrics, journal,
                     {.on_iteration = [&](auto, const auto& found) { figures.push_back(found); },
                      .on_evaluation = [](auto, const auto&) {},
                      .on_sample = [](const auto&) {},
                      .on_timeline = [&](auto iteration, const auto& what,
                                         const auto& part) { trace.write(iteration, what, part); }});
    Checkpoints nothing_saved(nullptr, stream, {}, config.output);
    train_ppo_lag(
        roles, loop,
        {.stream = stream, .metrics = metrics, .record = record, .checkpoints = nothing_saved, .prompts = *prompts});
  });
}

std::string describe_iterations(const std::vector<StepMetrics>& figures) {
  const Timing whole{of_each(figures, "time/iteration")};
  auto text = fmt::format("iteration: minimum {:.3f} s, median {:.3f} s; {:.0f} tokens/s generated and learned\n",
                          whole.minimum(), whole.median(), median_of(of_each(figures, "tokens_per_second")));
  text += fmt::format("{:<16}{:>12}{:>22}\n", "", "busiest rank", "share of all ranks");
  for (const std::string phase : iteration_phases) {
    text += fmt::format("{:<16}{:>10.3f} s{:>20.1f} %\n", phase, median_of(of_each(figures, "time/" + phase)),
                        100.0 * median_of(of_each(figures, "share/" + phase)));
  }
  text += fmt::format("{:<16}{:>12}{:>20.1f} %\nidle:", "idle", "", 100.0 * median_of(of_each(figures, "share/idle")));
  for (const auto& [name, unused] : figures.front()) {
    if (name.starts_with("idle/"))
      text += fmt::format(" {} {:.1f} %;", name.substr(5), 100.0 * median_of(of_each(figures, name)));
  }
  text.back() = '\n';
  return text;
}

nlohmann::json iterations_to_json(const std::vector<StepMetrics>& figures) {
  const Timing whole{of_each(figures, "time/iteration")};
  nlohmann::json result{{"seconds", whole.seconds},
                        {"seconds_minimum", whole.minimum()},
                        {"seconds_median", whole.median()},
                        {"tokens_per_second", median_of(of_each(figures, "tokens_per_second"))}};
  for (const auto& [name, unused] : figures.front()) {
    if (is_share(name) || name.starts_with("time/")) result[name] = median_of(of_each(figures, name));
  }
  return result;
}

}  // namespace ballast
