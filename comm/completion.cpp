#include "comm/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ballast {

std::string operation_label(std::string_view operation, const RankGroup& group) {
  return fmt::format("{} on group '{}' (rank {} of {})", operation, group.name, group.index, group.size());
}

bool Completion::done() const {
  const std::lock_guard lock(mutex_);
  return done_;
}

bool Completion::failed() const {
  const std::lock_guard lock(mutex_);
  return !error_.empty();
}

void Completion::wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, timeout, [this] { return done_; })) {
    if (!error_.empty()) throw CommunicationError(error_);
    return;
  }
  lock.unlock();
  const std::string message = timeout_message(timeout);
  give_up(message);
  throw CommunicationError(message);
}

std::vector<int> Completion::missing() {
  const std::lock_guard lock(mutex_);
  return missing_;
}

std::string Completion::timeout_message(std::chrono::milliseconds timeout) {
  const std::string late = fmt::format("{} timed out after {:g} s{}", label_, timeout.count() / 1000.0, progress());
  const auto ranks = missing();
  if (ranks.empty()) return late;
  return fmt::format("{}; missing: {} {}", late, ranks.size() == 1 ? "rank" : "ranks", fmt::join(ranks, ", "));
}

void Completion::finish() {
  const std::lock_guard lock(mutex_);
  done_ = true;
  changed_.notify_all();
}

void Completion::fail(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (done_) return;
  error_ = fmt::format("{} failed: {}", label_, why);
  done_ = true;
  changed_.notify_all();
}

void Completion::set_missing(std::vector<int> ranks) {
  const std::lock_guard lock(mutex_);
  missing_ = std::move(ranks);
}

}  // namespace ballast
