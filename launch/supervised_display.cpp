#include "launch/supervised_display.h"

#include <fmt/format.h>

#include <cstdio>

namespace ballast {
namespace {

// '  loss 0.6931  accuracy 0.5', without the names' prefix and what the line says already.
std::string in_words(const StepMetrics& figures) {
  std::string words;
  for (const auto& [name, value] : figures) {
    const auto short_name = name.substr(name.find('/') + 1);
    if (short_name != "step" && short_name != "tokens") words += fmt::format("  {} {:.5g}", short_name, value);
  }
  return words;
}

}  // namespace

SupervisedDisplay::SupervisedDisplay(std::int64_t steps, std::int64_t print_every)
    : steps_(steps), print_every_(print_every), bar_("learning", steps) {}

void SupervisedDisplay::show(std::int64_t step, const StepMetrics& figures) {
  const bool evaluation = !figures.contains("train/loss");
  if (evaluation || (step + 1) % print_every_ == 0 || step + 1 == steps_) {
    bar_.clear();
    fmt::print("step {}/{}{}{}\n", step + 1, steps_, evaluation ? "  held out:" : "", in_words(figures));
    std::fflush(stdout);
  }
  if (evaluation) return;
  tokens_ += figures.at("train/tokens");
  bar_.advance(1, fmt::format("loss {:.4f}  {:.0f} tokens/s", figures.at("train/loss"), tokens_per_second()));
}

}  // namespace ballast
