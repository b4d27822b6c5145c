// The typed envelope of everything that travels over the control channel. On the wire: MessagePack of
// {"body", "sequence", "type"}.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace ballast {

struct Message {
  std::string type;            // 'command', 'event', ...
  nlohmann::json body;         // the typed struct that `type` names, written by its to_json; nests at most 64 deep
  std::uint64_t sequence = 0;  // set by the channel: 1, 2, 3, ... in each direction
};

struct MalformedMessage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::vector<std::uint8_t> encode(const Message& message);
// Throws MalformedMessage on anything that `encode` cannot have written.
Message decode(std::span<const std::uint8_t> bytes);

// `encode` of one message for many receivers: only the sequence differs, so the body is encoded once.
class EncodedMessage {
 public:
  explicit EncodedMessage(const Message& message);  // whose sequence is not looked at
  std::vector<std::uint8_t> with(std::uint64_t sequence) const;

 private:
  std::vector<std::uint8_t> before_;  // the sequence
  std::vector<std::uint8_t> after_;
};

}  // namespace ballast
