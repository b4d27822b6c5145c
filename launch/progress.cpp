#include "launch/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "launch/terminal.h"

namespace ballast {
namespace {

constexpr std::size_t narrowest_bar = 4;
constexpr std::size_t widest_bar = 24;
constexpr auto between_draws = std::chrono::milliseconds(100);
constexpr const char* erase_line = "\r\x1b[K";

std::string bar(std::int64_t done, std::int64_t total, std::size_t columns) {
  const auto share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0.0;
  const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(columns));
  std::string text(filled, '=');
  if (filled < columns) text += '>';
  text.resize(columns, ' ');
  return text;
}

}  // namespace

std::string clock_time(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::max(seconds, 0.0) + 0.5);
  const auto hours = whole / 3600;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string progress_line(const ProgressState& state, std::size_t width) {
  const auto& [task, done, total, seconds, text] = state;
  const std::string left =
      done > 0 ? clock_time(seconds / static_cast<double>(done) * static_cast<double>(total - done)) : "?";
  auto words = fmt::format("] {} {}/{}  ETA {}", task, done, total, left);
  if (!text.empty()) words += "  " + text;
  const auto room = width > words.size() + 1 ? width - words.size() - 1 : 0;
  auto line = "[" + bar(done, total, std::clamp(room, narrowest_bar, widest_bar)) + words;
  line.resize(std::min(line.size(), width));
  return line;
}

bool shows_progress(ShowProgress show) {
  return show == ShowProgress::Always || (show == ShowProgress::Auto && terminal_behind(STDERR_FILENO));
}

Progress::Progress(std::string task, std::int64_t total, ShowProgress show)
    : shown_(shows_progress(show)),
      columns_(columns_of(terminal_behind(STDERR_FILENO).value_or(""))),
      state_{.task = std::move(task), .total = total, .text = ""} {}

Progress::~Progress() { clear(); }

void Progress::advance(std::int64_t count, const std::string& text) {
  state_.done += count;
  const auto now = Clock::now();
  if (!shown_ || (drawn_ && now - last_draw_ < between_draws && state_.done < state_.total)) return;
  state_.text = text;
  state_.seconds = seconds();
  // One column less than there are: a full line would wrap.
  fmt::print(stderr, "{}{}", erase_line, progress_line(state_, columns_ - 1));
  std::fflush(stderr);
  drawn_ = true;
  last_draw_ = now;
}

void Progress::clear() {
  if (!drawn_) return;
  fmt::print(stderr, erase_line);
  std::fflush(stderr);
  drawn_ = false;
}

double Progress::seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

}  // namespace ballast
