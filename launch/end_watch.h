// Notices that the process is to end: SIGTERM (mpirun sends it 0.25 s after another rank's death), or the death of the
// launcher, after which nobody would end this rank.
#pragma once
#include <functional>
#include <string>
#include <thread>

namespace ballast {

struct End {
  bool launcher_lost = false;  // else: SIGTERM
  std::string reason;
};

class EndWatch {
 public:
  // Call before any other thread starts: it blocks SIGTERM in this thread, and so in those that come after, and ignores
  // SIGPIPE, since stderr dies with mpirun. `on_end` runs on the watch's thread, at most once.
  explicit EndWatch(std::function<void(const End&)> on_end);
  ~EndWatch();
  EndWatch(const EndWatch&) = delete;
  EndWatch& operator=(const EndWatch&) = delete;

 private:
  std::function<void(const End&)> on_end_;
  std::jthread thread_;
};

}  // namespace ballast
