// The outcome of one operation: set once by the transport, waited for by the caller.
#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "comm/communicator.h"

namespace ballast {

// "all_reduce on group 'actor' (rank 2 of 4)"
std::string operation_label(std::string_view operation, const RankGroup& group);

class Completion : public Work::State {
 public:
  // `label` begins every error message.
  explicit Completion(std::string label) : label_(std::move(label)) {}

  bool done() const override;
  bool failed() const;
  void wait(std::chrono::milliseconds timeout) override;

  // The first outcome stays.
  void finish();
  void fail(const std::string& why);
  // Group indices of the ranks that the operation still waits for, as far as they are known.
  void set_missing(std::vector<int> ranks);

 protected:
  // For the message of a wait that has timed out, on the waiter's thread: the ranks that are missing, and how far the
  // operation is (" in piece 2 of 5"; may be empty).
  virtual std::vector<int> missing();
  virtual std::string progress() const { return ""; }
  // The wait has timed out and is about to say so.
  virtual void give_up(const std::string& /*message*/) {}

 private:
  std::string timeout_message(std::chrono::milliseconds timeout);

  const std::string label_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::string error_;  // empty: success
  std::vector<int> missing_;
};

}  // namespace ballast
