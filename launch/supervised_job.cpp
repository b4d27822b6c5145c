#include "launch/supervised_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <utility>

#include "launch/progress.h"
#include "orchestrator/shuffle.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

// Tokens of texts and pairs, whatever the row is.
std::int64_t largest_id(const LabelledRow& row) { return row.tokens.empty() ? 0 : std::ranges::max(row.tokens); }
std::int64_t largest_id(const PairRow& row) {
  return std::max(std::ranges::max(row.preferred), std::ranges::max(row.other));
}

template <typename Row>
struct Split {
  std::vector<Row> training;
  std::vector<Row> held_out;
};

// Holds out that share of the rows, drawn by the seed; both parts keep their order.
template <typename Row>
Split<Row> hold_out(std::vector<Row> rows, double share, std::int64_t seed) {
  constexpr std::int64_t before_all_epochs = -1;
  const auto order = shuffled_order(static_cast<std::int64_t>(rows.size()), seed, before_all_epochs);
  const auto count = static_cast<std::size_t>(std::llround(share * static_cast<double>(rows.size())));
  std::vector<bool> held_out(rows.size(), false);
  for (std::size_t i = 0; i < count; ++i) held_out[order[i]] = true;
  Split<Row> split;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    (held_out[i] ? split.held_out : split.training).push_back(std::move(rows[i]));
  }
  return split;
}

// 'loss 0.6931  accuracy 0.5000': what people look at first.
std::string figures_line(const StepMetrics& figures) {
  std::string line;
  for (const auto& [name, value] : figures) {
    const auto short_name = name.substr(name.find('/') + 1);
    if (short_name == "step" || short_name == "tokens") continue;
    line += fmt::format("  {} {:.5g}", short_name, value);
  }
  return line;
}

// Shows a run as it goes: a bar on a terminal, and a line now and then.
class Display {
 public:
  Display(std::int64_t steps, std::int64_t print_every)
      : steps_(steps), print_every_(print_every), bar_("learning", steps) {}

  void show(std::int64_t step, const StepMetrics& figures) {
    const bool is_training = figures.contains("train/loss");
    if (!is_training || step % print_every_ == 0 || step + 1 == steps_) print(step, is_training, figures);
    if (!is_training) return;
    tokens_ += figures.at("train/tokens");
    bar_.advance(1, fmt::format("loss {:.4f}  {:.0f} tokens/s", figures.at("train/loss"), tokens_per_second()));
  }

  double seconds() const { return bar_.seconds(); }
  double tokens_per_second() const { return tokens_ / bar_.seconds(); }

 private:
  void print(std::int64_t step, bool is_training, const StepMetrics& figures) {
    bar_.clear();
    fmt::print("step {}/{}{}{}\n", step + 1, steps_, is_training ? "" : "  held out:", figures_line(figures));
    std::fflush(stdout);
  }

  std::int64_t steps_;
  std::int64_t print_every_;
  double tokens_ = 0.0;
  Progress bar_;
};

// The examples that are learned, and those that are held out, if any.
struct Lessons {
  std::unique_ptr<Examples> training;
  std::unique_ptr<Examples> held_out;
};

template <typename Config>
class SupervisedJob : public TrainingJob {
 public:
  explicit SupervisedJob(Config config) : config_(std::move(config)) {}

  const JobConfig& config() const override { return config_; }
  std::string yaml() const override { return write_config(config_); }
  std::vector<Role> roles() const override { return {role()}; }
  std::vector<std::string> violations() const override { return violations_of(config_); }
  void orchestrate(const JobParts& parts) const override;

 private:
  Role role() const {
    return config_.algorithm == Algorithm::sft ? Role::Actor
                                               : config_.algorithm == Algorithm::reward ? Role::Reward : Role::Cost;
  }
  Lessons read_lessons() const;
  // Cuts the rows into lessons.
  template <typename Row, typename Make>
  Lessons split_up(std::vector<Row> rows, const Make& make) const;

  Config config_;
};

}  // namespace
}  // namespace ballast
