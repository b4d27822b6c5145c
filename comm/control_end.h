// What both ends of the control channel do alike.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "comm/control_channel.h"
#include "comm/control_ledger.h"
#include "comm/control_socket.h"

namespace ballast {

using ControlClock = std::chrono::steady_clock;

// Packets that one turn of an end's thread takes in before it looks at the clock again.
inline constexpr std::size_t packets_per_turn = 64;

// A user's message, encoded. Throws ControlError when it may not be sent.
EncodedMessage encode_users(const Message& message);
// Numbers it. Throws ControlError when the peer takes nothing any more.
std::vector<std::uint8_t> seal(const EncodedMessage& message, Ledger& ledger);
// One of the channel's own messages (comm/control_wire.h), with the ledger's balance.
std::vector<std::uint8_t> seal_wire(std::string_view type, Ledger& ledger);

// Enters an arrived message into the books: the sequence number of a user's message, the balance of the channel's own.
// Throws ControlError when something is missing.
void enter(const Message& message, Ledger& ledger);
// True for messages that the channel's user sent.
bool is_users(const Message& message);

// A packet, and the message in it or why there is none.
struct OpenedPacket {
  Packet packet;
  std::optional<Message> message;
  std::string fault;
};
// What the socket has, at most packets_per_turn, in the order of arrival. To be called without a lock, since decoding
// takes most of an end's time.
std::vector<OpenedPacket> receive_packets(ControlSocket& socket);

// 'silent for 4.0 s' when the peer's silence is longer than the limit, else nothing.
std::optional<std::string> silence(ControlClock::time_point last_heard, std::chrono::milliseconds limit);

// When the next heartbeat is due, and whether this process itself stood still: then its peers' silence says nothing.
class Pulse {
 public:
  explicit Pulse(const ControlConfig& config) : config_(config) {}

  // How long the thread may sleep.
  std::chrono::milliseconds until_beat() const;
  // Once a turn; true when a heartbeat is due.
  bool beat();
  // Once a turn; true when much more time has passed since the last one than the thread meant to sleep.
  bool stood_still();

 private:
  ControlConfig config_;
  ControlClock::time_point next_beat_ = ControlClock::now();
  ControlClock::time_point last_turn_ = next_beat_;
};

}  // namespace ballast
