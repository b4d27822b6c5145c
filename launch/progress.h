// A progress bar on the terminal.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace ballast {

// How far a task is, for one line of `width` columns: '[=====>    ] generating 12/40  ETA 0:35  TEXT'. In a narrow one
// the bar gives way first, then `text` is cut off.
struct ProgressState {
  std::string task;
  std::int64_t done = 0;
  std::int64_t total = 0;
  double seconds = 0.0;  // since the start: the time left is estimated at the speed so far
  std::string text;
};
std::string progress_line(const ProgressState& state, std::size_t width);

// '1:02:03' or '2:03'
std::string clock_time(double seconds);

// Auto: when stderr ends up on a terminal, be it through mpirun.
enum class ShowProgress : std::uint8_t { Auto, Always, Never };

inline constexpr std::array<std::pair<ShowProgress, std::string_view>, 3> show_progress_names{{
    {ShowProgress::Auto, "auto"},
    {ShowProgress::Always, "always"},
    {ShowProgress::Never, "never"},
}};
constexpr const auto& enum_names(ShowProgress) { return show_progress_names; }

// Whether a bar would be drawn.
bool shows_progress(ShowProgress show);

// Draws on stderr, at most ten times a second, and leaves nothing there when it is destroyed: what is to stay is
// printed by whoever uses it.
class Progress {
 public:
  Progress(std::string task, std::int64_t total, ShowProgress show = ShowProgress::Auto);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `count` more are done; `text` stands behind the bar until the next call.
  void advance(std::int64_t count = 1, const std::string& text = "");
  // Takes the bar off the screen, so that a line can be printed; the next `advance` draws it again.
  void clear();
  // Time since the start.
  double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;

  bool shown_;
  std::size_t columns_;
  bool drawn_ = false;
  ProgressState state_;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point last_draw_;
};

}  // namespace ballast
