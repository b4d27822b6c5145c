#include "launch/end_watch.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <utility>

namespace ballast {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&set, signal);
  return set;
}

}  // namespace

EndWatch::EndWatch(std::function<void(const End&)> on_end) : on_end_(std::move(on_end)) {
  const auto set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  thread_ = std::jthread([this, launcher = getppid()](const std::stop_token& stop) {
    const auto signals = watched_signals();
    const timespec pause{.tv_sec = 0, .tv_nsec = 100'000'000};
    while (!stop.stop_requested()) {
      const int arrived = sigtimedwait(&signals, nullptr, &pause);
      if (arrived > 0)
        on_end_({.signal = arrived, .reason = fmt::format("was told to end (SIG{})", sigabbrev_np(arrived))});
      if (getppid() != launcher)
        return on_end_({.signal = 0, .reason = fmt::format("has lost its launcher (process {})", launcher)});
    }
  });
}

EndWatch::~EndWatch() = default;

}  // namespace ballast
