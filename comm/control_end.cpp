#include "comm/control_end.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "comm/control_wire.h"

namespace ballast {

EncodedMessage encode_users(const Message& message) {
  if (!is_users(message)) throw ControlError(fmt::format("message type '{}' is the channel's own", message.type));
  return EncodedMessage(message);
}

std::vector<std::uint8_t> seal(const EncodedMessage& message, Ledger& ledger) {
  auto bytes = message.with(ledger.next_number());
  if (bytes.size() > max_message_bytes) {
    throw ControlError(fmt::format("a message of {} bytes is longer than {}", bytes.size(), max_message_bytes));
  }
  ledger.number();
  return bytes;
}

std::vector<std::uint8_t> seal_wire(std::string_view type, Ledger& ledger) {
  return encode({.type = std::string(type), .body = ledger.balance()});
}

void enter(const Message& message, Ledger& ledger) {
  if (is_users(message)) {
    ledger.arrive(message.sequence);
  } else {
    ledger.compare(message.body);
  }
}

bool is_users(const Message& message) { return !message.type.starts_with(wire::prefix); }

std::vector<OpenedPacket> receive_packets(ControlSocket& socket) {
  std::vector<OpenedPacket> packets;
  packets.reserve(packets_per_turn);
  while (packets.size() < packets_per_turn) {
    auto packet = socket.receive();
    if (!packet) break;
    auto& opened = packets.emplace_back(OpenedPacket{std::move(*packet), {}, {}});
    try {
      opened.message = decode(opened.packet.bytes);
    } catch (const MalformedMessage& error) {
      opened.fault = error.what();
    }
  }
  return packets;
}

std::optional<std::string> silence(ControlClock::time_point last_heard, std::chrono::milliseconds limit) {
  const auto quiet = ControlClock::now() - last_heard;
  if (quiet <= limit) return std::nullopt;
  return fmt::format("silent for {:.1f} s", std::chrono::duration<double>(quiet).count());
}

std::chrono::milliseconds Pulse::until_beat() const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_beat_ - ControlClock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

bool Pulse::beat() {
  const auto now = ControlClock::now();
  if (now < next_beat_) return false;
  next_beat_ = now + config_.heartbeat_interval;
  return true;
}

bool Pulse::stood_still() {
  const auto now = ControlClock::now();
  const auto passed = now - last_turn_;
  last_turn_ = now;
  return passed > config_.heartbeat_interval + config_.silence_limit / 2;
}

}  // namespace ballast
