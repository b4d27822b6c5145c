#include "launch/run_display.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <span>
#include <string_view>
#include <utility>

#include "launch/terminal.h"
#include "orchestrator/phase_times.h"

namespace ballast {
namespace {

using Numbers = RunDisplay::Figures;

struct Shown {
  std::string_view name;
  const char* metric;
};
constexpr std::array<Shown, 5> of_training{{{"reward", "train/reward"},
                                            {"cost", "train/cost"},
                                            {"lambda", "train/lambda"},
                                            {"kl", "train/kl_divergence"},
                                            {"length", "train/mean_generated_length"}}};
constexpr std::array<Shown, 4> of_evaluation{{{"held-out reward", "eval/reward"},
                                              {"held-out cost", "eval/cost"},
                                              {"held-out kl", "eval/kl_divergence"},
                                              {"held-out length", "eval/mean_generated_length"}}};

template <typename Table>
std::string one_line(const Table& table, const Numbers& figures) {
  std::string line;
  for (const auto& [name, metric] : table) {
    if (figures.contains(metric))
      line += fmt::format("{}{} {:+.4f}", line.empty() ? "" : "  ", name, figures.at(metric));
  }
  return line;
}

template <typename Table>
std::string rows(const Table& table, const Numbers& first, const Numbers& last) {
  std::string text;
  for (const auto& [name, metric] : table) {
    if (!first.contains(metric)) continue;
    text += fmt::format("  {:<16}{:>12.4f}{:>12.4f}\n", name, first.at(metric), last.at(metric));
  }
  return text;
}

// Of the time on the wall; phases overlap where they run on different ranks.
std::string time_line(const Numbers& sums) {
  std::string line;
  for (const std::string phase : iteration_phases) {
    line += fmt::format("{}{} {:.0f} %", line.empty() ? "" : ", ", phase,
                        100.0 * sums.at("time/" + phase) / sums.at("time/iteration"));
  }
  return line;
}

}  // namespace

std::string iteration_text(const Numbers& figures) {
  return fmt::format("{}  {:.0f} tokens/s", one_line(of_training, figures), figures.at("tokens_per_second"));
}

std::string bar_text(const Numbers& figures) {
  std::string text = fmt::format("{:.0f} tokens/s", figures.at("tokens_per_second"));
  for (const auto& [name, metric] : std::span(of_training).first(4)) {
    if (figures.contains(metric)) text += fmt::format("  {} {:.2f}", name, figures.at(metric));
  }
  return text;
}

std::string change_table(const Numbers& first, const Numbers& last) {
  return fmt::format("  {:<16}{:>12}{:>12}\n", "", "first", "last") + rows(of_training, first, last) +
         rows(of_evaluation, first, last);
}

RunDisplay::RunDisplay(std::int64_t iterations, ShowProgress show)
    : iterations_(iterations),
      lines_(!shows_progress(show) || !terminal_behind(STDOUT_FILENO)),
      progress_("iteration", iterations, show) {}

void RunDisplay::iteration(std::int64_t iteration, const Figures& figures) {
  const auto text = iteration_text(figures);
  if (lines_) {
    fmt::print("iteration {}/{}  {}\n", iteration + 1, iterations_, text);
    std::fflush(stdout);
  }
  progress_.advance(1, bar_text(figures));
  if (first_.empty()) first_ = figures;
  last_ = figures;
  const double seconds = figures.at("time/iteration");
  sums_["tokens"] += figures.at("tokens_per_second") * seconds;
  sums_["time/iteration"] += seconds;
  for (const std::string phase : iteration_phases) sums_["time/" + phase] += figures.at("time/" + phase);
}

void RunDisplay::evaluation(std::int64_t iterations, const Figures& figures) {
  progress_.clear();
  fmt::print("after iteration {}: {}\n", iterations, one_line(of_evaluation, figures));
  std::fflush(stdout);
  if (first_evaluation_.empty()) first_evaluation_ = figures;
  last_evaluation_ = figures;
}

void RunDisplay::summary(const std::filesystem::path& run_folder, std::int64_t iterations) {
  progress_.clear();
  const auto folder = run_folder.string();
  if (iterations < iterations_) {
    fmt::print("interrupted after {} of {} iterations: {}/checkpoints/latest has the models\n", iterations, iterations_,
               folder);
  } else {
    fmt::print("the run is in {}: actor/ is the trained model\n", folder);
  }
  fmt::print("metrics.jsonl has every step, journal.jsonl every iteration, samples.jsonl a few responses\n");
  if (!last_.empty()) {
    first_.merge(Figures(first_evaluation_));
    last_.merge(Figures(last_evaluation_));
    fmt::print("{}", change_table(first_, last_));
    fmt::print("  {:.0f} tokens/s, {} in {} iterations; longest on any rank: {}\n",
               sums_.at("tokens") / sums_.at("time/iteration"), clock_time(sums_.at("time/iteration")), iterations,
               time_line(sums_));
  }
  std::fflush(stdout);
}

}  // namespace ballast
