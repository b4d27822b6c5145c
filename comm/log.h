// One-line messages for people, on stderr: time, rank, host, level, text. A Logger is a value that is passed.
#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace ballast {

enum class LogLevel : std::uint8_t { info, warning, error };

class Logger {
 public:
  struct Options {
    int rank = -1;  // -1: not known yet, left out
    std::string host;
    LogLevel threshold = LogLevel::info;  // lines below it are left out
    int descriptor = 2;                   // stderr; stays the caller's
  };
  Logger() = default;
  explicit Logger(Options options) : options_(std::move(options)) {}

  // Any thread; a line is one write(2), so lines of several ranks do not mix. Line breaks in `text` become spaces.
  void write(LogLevel level, std::string_view text) const;

  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::warning, fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::error, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  Options options_;
};

}  // namespace ballast
