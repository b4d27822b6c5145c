// The books of one control connection, kept alike at both ends: what was numbered, transmitted, acknowledged; what has
// arrived and was taken. They make every loss of a message loud. No ZeroMQ and no threads: the owner serialises calls.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>

namespace ballast {

class Ledger {
 public:
  // At most `unacknowledged_limit` of our messages may be on their way, or with the peer and not yet taken there.
  explicit Ledger(std::int64_t unacknowledged_limit) : limit_(static_cast<std::uint64_t>(unacknowledged_limit)) {}

  // The number of our next message. Throws ControlError when too many are unacknowledged.
  std::uint64_t next_number() const;
  // That number is given away.
  void number() { ++numbered_; }
  // One numbered message has left; in the order of the numbers.
  void transmit() { ++transmitted_; }

  // Checks the number of a message that has arrived. Throws ControlError on a gap.
  void arrive(std::uint64_t sequence);
  // One arrived message was taken by its reader. True when it is time to tell the peer.
  bool take();

  // What the peer needs to know: {"sent": messages transmitted, "taken": messages taken here}.
  nlohmann::json balance();
  // Compares the peer's balance with our books: all that it has sent must be here, and what it took is acknowledged.
  // Throws ControlError when they do not agree.
  void compare(const nlohmann::json& balance);

 private:
  std::uint64_t limit_;
  std::uint64_t numbered_ = 0;
  std::uint64_t transmitted_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t arrived_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t told_ = 0;  // `taken_` as the peer knows it
};

}  // namespace ballast
