// Notices that the process is to end: a signal, or the death of the launcher, after which nobody would end this rank.
#pragma once
#include <functional>
#include <string>
#include <thread>

namespace ballast {

struct End {
  int signal = 0;  // SIGINT, SIGTERM, SIGUSR1; 0: the launcher is lost
  std::string reason;
};

class EndWatch {
 public:
  // Call before any other thread starts: it blocks the three signals in this thread, and so in those that come after,
  // and ignores SIGPIPE, since stderr dies with mpirun. `on_end` runs on the watch's thread, for every signal, and once
  // for the launcher.
  //
  // mpirun (Open MPI 5) answers SIGINT and SIGTERM, or another rank's death, with SIGTERM to every rank after 0.25 s
  // and SIGKILL another 0.25 s later, and no setting of its changes that. SIGUSR1 it passes on and goes on.
  explicit EndWatch(std::function<void(const End&)> on_end);
  ~EndWatch();
  EndWatch(const EndWatch&) = delete;
  EndWatch& operator=(const EndWatch&) = delete;

 private:
  std::function<void(const End&)> on_end_;
  std::jthread thread_;
};

}  // namespace ballast
