#include "launch/end_watch.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <utility>

namespace ballast {
namespace {

sigset_t sigterm_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

EndWatch::EndWatch(std::function<void(const End&)> on_end) : on_end_(std::move(on_end)) {
  const auto set = sigterm_set();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  thread_ = std::jthread([this, launcher = getppid()](const std::stop_token& stop) {
    const auto signals = sigterm_set();
    const timespec pause{.tv_sec = 0, .tv_nsec = 100'000'000};
    while (!stop.stop_requested()) {
      if (sigtimedwait(&signals, nullptr, &pause) == SIGTERM)
        return on_end_({.launcher_lost = false, .reason = "was told to end (SIGTERM)"});
      if (getppid() != launcher) {
        return on_end_({.launcher_lost = true, .reason = fmt::format("has lost its launcher (process {})", launcher)});
      }
    }
  });
}

EndWatch::~EndWatch() = default;

}  // namespace ballast
