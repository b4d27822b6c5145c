// What a person sees of a training run of the main job: a bar or plain lines while it runs, a summary at its end.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "launch/progress.h"

namespace ballast {

class RunDisplay {
 public:
  using Figures = std::map<std::string, double>;  // docs/metrics.md defines the names

  // A bar on stderr where it is shown; lines on stdout unless they would go to the bar's terminal.
  RunDisplay(std::int64_t iterations, ShowProgress show);

  // One line with the word 'iteration', or the bar. `iteration` counts from 0.
  void iteration(std::int64_t iteration, const Figures& figures);
  void evaluation(std::int64_t iterations, const Figures& figures);
  // Where things lie, how the figures have changed, where the time went. `iterations`: those that are done.
  void summary(const std::filesystem::path& run_folder, std::int64_t iterations);

 private:
  std::int64_t iterations_;
  bool lines_;
  Progress progress_;
  Figures first_, last_, first_evaluation_, last_evaluation_;
  Figures sums_;  // over the iterations: times and tokens
};

// 'reward +0.1234  cost -0.5000  lambda 1.0000  kl 0.0123  81.0 tokens/s'
std::string iteration_text(const RunDisplay::Figures& figures);

// The same for the bar, shorter: '81 tokens/s  reward 0.12  cost -0.50  lambda 1.00  kl 0.01'.
std::string bar_text(const RunDisplay::Figures& figures);

// The summary's table: a row for each figure that is there, its first and its last value.
std::string change_table(const RunDisplay::Figures& first, const RunDisplay::Figures& last);

}  // namespace ballast
