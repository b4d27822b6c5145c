// What a process does when it is told to end, wherever its threads are.
#pragma once
#include <atomic>
#include <mutex>
#include <string>

#include "launch/end_watch.h"
#include "launch/failure_report.h"

namespace ballast {

class Session;

// Exit code of a run that was interrupted, as a shell reports it for Ctrl-C.
inline constexpr int interrupted_exit_code = 130;

// While a session runs, the first signal to rank 0 asks the job to stop where it can be stopped, and the second ends
// the process. Other ranks work as long as rank 0 wants them to: they leave SIGINT and SIGUSR1 to it, and a first
// SIGTERM, which launchers send to all. Without a session a signal ends the process.
class LastWords {
 public:
  explicit LastWords(FailureReport& failure) : failure_(failure) {}

  // nullptr: none any more. The session outlives that call.
  void speak_of(const Session* session);
  bool stop_requested() const { return stop_requested_; }
  // To be called by an EndWatch. Rank 0 speaks for all.
  void hear(const End& end);

 private:
  bool has_session();
  void say(const std::string& reason);
  void request_stop(const End& end);
  [[noreturn]] void end_by_signal(const End& end);
  [[noreturn]] void end_without_launcher(const End& end);

  FailureReport& failure_;
  std::mutex mutex_;
  const Session* session_ = nullptr;
  std::atomic<bool> stop_requested_ = false;
};

}  // namespace ballast
