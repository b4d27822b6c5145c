#include "launch/last_words.h"

#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "launch/environment.h"
#include "launch/session.h"

namespace ballast {
namespace {

bool speaks_for_all() { return launcher_rank() == 0; }

}  // namespace

void LastWords::speak_of(const Session* session) {
  const std::lock_guard lock(mutex_);
  session_ = session;
}

void LastWords::hear(const End& end) {
  if (end.signal == 0) end_without_launcher(end);
  if (!speaks_for_all() && end.signal != SIGTERM) return;
  if (!has_session() || stop_requested_.exchange(true)) end_by_signal(end);
  if (speaks_for_all()) request_stop(end);
}

// A run that has failed already ends by itself; launchers then send SIGTERM to whoever is left.
void LastWords::request_stop(const End& end) {
  if (failure_.has_spoken()) return;
  fmt::print(stderr, "ballast: the run {}: it finishes its iteration and writes a checkpoint; once more ends it now\n",
             end.reason);
}

void LastWords::end_by_signal(const End& end) {
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // whoever saw the cause of a SIGTERM speaks first
  if (speaks_for_all()) say(end.reason);
  std::_Exit(interrupted_exit_code);
}

// Every rank notices by itself, a moment earlier or later: rank 0 speaks, the others keep quiet and outlast it.
void LastWords::end_without_launcher(const End& end) {
  speaks_for_all() ? say(end.reason) : failure_.keep_quiet();
  std::this_thread::sleep_for(speaks_for_all() ? std::chrono::milliseconds(300) : std::chrono::milliseconds(1000));
  std::_Exit(EXIT_FAILURE);
}

bool LastWords::has_session() {
  const std::lock_guard lock(mutex_);
  return session_ != nullptr;
}

void LastWords::say(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (session_) failure_.say(fmt::format("{}: {}", session_->where(), reason));
}

}  // namespace ballast
