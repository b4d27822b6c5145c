// The one thread of a process that talks to the transport (DESIGN: nothing arrives while the sender computes unless
// somebody polls, and a blocking wait burns a core). It starts operations in the order of their submission, sleeps
// while nothing is in flight, but for a few glances a second, and polls with growing pauses otherwise. Knows no
// transport.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "comm/completion.h"

namespace ballast {

// One operation of a transport. All methods of this class are called on the comm thread.
class Operation : public Completion {
 public:
  // Operations with one `sequence` start in the order of their submission, each when all before it are `posted`.
  Operation(std::string label, const void* sequence) : Completion(std::move(label)), sequence_(sequence) {}

  // Posts and tests what it can without blocking; calls `finish` or `fail` at the end, or throws. True: something
  // moved.
  virtual bool advance() = 0;
  // Nothing is left to post.
  virtual bool posted() const = 0;
  const void* sequence() const { return sequence_; }

 private:
  const void* sequence_;
};

// Hears what no operation waits for. Called on the comm thread.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void poll() = 0;   // one listener in every round, in turn, all of them when idle; must not block
  virtual void close() = 0;  // once, before the transport is finalised
};

class CommThread {
 public:
  CommThread();
  ~CommThread();  // stops
  CommThread(const CommThread&) = delete;
  CommThread& operator=(const CommThread&) = delete;

  // Fails the operation at once if the thread has stopped.
  void submit(std::shared_ptr<Operation> operation);
  // Runs `job` on the thread, in the order of submission, and returns when it has ended; rethrows what it threw.
  void run(std::function<void()> job);
  // Ends what is under way with errors, then closes the listeners and runs `finalise` unless it is empty, then ends the
  // thread. A second call does nothing.
  void stop(std::function<void()> finalise = {});

  // For jobs and operations, on the thread itself:
  void add_listener(std::shared_ptr<Listener> listener) { listeners_.push_back(std::move(listener)); }
  // Fails the operations of this sequence, those under way and all later ones.
  void end(const void* sequence, const std::string& why);

 private:
  using Clock = std::chrono::steady_clock;
  // The transport may still hold bytes of operations that are done for us (eager sends); give it rounds to part with
  // them.
  static constexpr std::chrono::milliseconds linger{50};

  void loop();
  void start(std::shared_ptr<Operation> operation);
  void round();
  bool idle() const { return in_flight_.empty() && Clock::now() - last_activity_ > linger; }
  void poll_listeners();
  std::deque<std::function<void()>> next_jobs();
  void drop_finished();
  void note_activity();
  bool enqueue(std::function<void()> job);  // false: stopped

  std::mutex mutex_;  // guards jobs_ and stopping_
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::function<void()> finalise_;

  std::vector<std::shared_ptr<Operation>> in_flight_;  // this and what follows: the thread's own
  std::vector<std::shared_ptr<Operation>> failed_;     // kept: the transport may still use their memory
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::size_t next_listener_ = 0;
  std::map<const void*, std::string> ended_;  // sequence -> why
  Clock::time_point last_activity_ = Clock::now();
  std::chrono::microseconds pause_{0};
  std::thread thread_;
};

}  // namespace ballast
