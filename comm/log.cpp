#include "comm/log.h"

#include <fmt/chrono.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>

namespace ballast {
namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "unknown";
}

// Local time of day with milliseconds.
std::string now() {
  const auto time = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local{};
  localtime_r(&seconds, &local);
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  return fmt::format("{:%H:%M:%S}.{:03}", local, since_epoch.count() % 1000);
}

}  // namespace

void Logger::write(LogLevel level, std::string_view text) const {
  if (level < options_.threshold) return;
  std::string line = now();
  if (options_.rank >= 0) line += fmt::format(" rank {}", options_.rank);
  if (!options_.host.empty()) line += " " + options_.host;
  line += fmt::format(" {}: {}", name_of(level), text);
  std::ranges::replace(line, '\n', ' ');
  line += '\n';
  // Nobody is left to tell when stderr itself is gone.
  [[maybe_unused]] const auto written = ::write(options_.descriptor, line.data(), line.size());
}

}  // namespace ballast
