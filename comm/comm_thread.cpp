#include "comm/comm_thread.h"

#include <algorithm>
#include <future>
#include <utility>

namespace ballast {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::microseconds shortest_pause{20};
constexpr std::chrono::microseconds longest_pause{2000};
// A round that took longer has probably moved bytes: more are likely to follow, so do not sleep long.
constexpr auto busy_round = 30us;
// A rank that has nothing to do still hears of an abort, and answers who asks how far it is.
constexpr auto idle_pause = 250ms;

}  // namespace

CommThread::CommThread() : thread_([this] { loop(); }) {}

CommThread::~CommThread() { stop(); }

bool CommThread::enqueue(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  jobs_.push_back(std::move(job));
  wake_.notify_one();
  return true;
}

void CommThread::submit(std::shared_ptr<Operation> operation) {
  if (!enqueue([this, operation] { start(operation); })) operation->fail("the comm thread has stopped");
}

void CommThread::run(std::function<void()> job) {
  const auto task = std::make_shared<std::packaged_task<void()>>(std::move(job));
  if (!enqueue([task] { (*task)(); })) throw CommunicationError("the comm thread has stopped");
  task->get_future().get();
}

void CommThread::stop(std::function<void()> finalise) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    finalise_ = std::move(finalise);
    wake_.notify_one();
  }
  thread_.join();
}

void CommThread::start(std::shared_ptr<Operation> operation) {
  const auto ended = ended_.find(operation->sequence());
  if (ended != ended_.end()) return operation->fail(ended->second);
  in_flight_.push_back(std::move(operation));
}

void CommThread::end(const void* sequence, const std::string& why) {
  if (!ended_.emplace(sequence, why).second) return;
  for (const auto& operation : in_flight_) {
    if (operation->sequence() == sequence) operation->fail(why);
  }
}

void CommThread::loop() {
  bool stopping = false;
  while (!stopping) {
    for (const auto& job : next_jobs()) job();
    {
      const std::lock_guard lock(mutex_);
      stopping = stopping_ && jobs_.empty();
    }
    if (!stopping) round();
  }
  for (const auto& operation : in_flight_) operation->fail("the comm thread has stopped");
  if (finalise_) {
    for (const auto& listener : listeners_) listener->close();
    finalise_();
  }
  in_flight_.clear();
  failed_.clear();
  listeners_.clear();
}

std::deque<std::function<void()>> CommThread::next_jobs() {
  std::unique_lock lock(mutex_);
  const auto something_to_do = [this] { return stopping_ || !jobs_.empty(); };
  wake_.wait_for(lock, idle() ? idle_pause : pause_, something_to_do);
  if (!jobs_.empty()) note_activity();
  return std::exchange(jobs_, {});
}

void CommThread::round() {
  const auto start = Clock::now();
  bool moved = false;
  std::vector<const void*> still_posting;
  for (const auto& operation : in_flight_) {
    if (operation->done() || std::ranges::find(still_posting, operation->sequence()) != still_posting.end()) continue;
    try {
      moved |= operation->advance();
    } catch (const std::exception& error) {
      operation->fail(error.what());
    }
    if (!operation->done() && !operation->posted()) still_posting.push_back(operation->sequence());
  }
  poll_listeners();
  drop_finished();
  if (moved) {
    note_activity();
  } else {
    // A slow round does not count as activity: on a busy machine the thread would never go to sleep.
    pause_ = Clock::now() - start > busy_round ? shortest_pause : std::min(pause_ * 2, longest_pause);
  }
}

// One in every round: a job has many groups, and rounds are short.
void CommThread::poll_listeners() {
  const std::size_t count = idle() ? listeners_.size() : std::min<std::size_t>(listeners_.size(), 1);
  for (std::size_t i = 0; i < count; ++i) listeners_[next_listener_++ % listeners_.size()]->poll();
}

void CommThread::drop_finished() {
  std::erase_if(in_flight_, [this](const auto& operation) {
    if (operation->failed()) failed_.push_back(operation);
    return operation->done();
  });
}

void CommThread::note_activity() {
  last_activity_ = Clock::now();
  pause_ = shortest_pause;
}

}  // namespace ballast
