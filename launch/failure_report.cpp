#include "launch/failure_report.h"

#include <fmt/format.h>

#include <fstream>

namespace ballast {

void FailureReport::write_into(const std::filesystem::path& run_folder) {
  const std::lock_guard lock(mutex_);
  run_folder_ = run_folder;
}

void FailureReport::say(const std::string& message) {
  const std::lock_guard lock(mutex_);
  if (said_) return;
  said_ = true;
  if (!run_folder_.empty()) std::ofstream(run_folder_ / "failure.txt") << message << '\n' << std::flush;
  fmt::print(stderr, "ballast: {}\n", message);
}

void FailureReport::keep_quiet() {
  const std::lock_guard lock(mutex_);
  said_ = true;
}

bool FailureReport::has_spoken() {
  const std::lock_guard lock(mutex_);
  return said_;
}

}  // namespace ballast
