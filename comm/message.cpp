#include "comm/message.h"

#include <algorithm>

namespace ballast {
namespace {

using nlohmann::json;

// The body's depth plus the envelope itself. The parser recurses, so unbounded nesting would overflow the stack.
constexpr int max_depth = 65;

// Builds the message and stops at the first nesting that is too deep.
class ShallowBuilder : public nlohmann::detail::json_sax_dom_parser<json> {
 public:
  using Base = nlohmann::detail::json_sax_dom_parser<json>;
  using Base::Base;
  bool start_object(std::size_t size) { return deeper() && Base::start_object(size); }
  bool start_array(std::size_t size) { return deeper() && Base::start_array(size); }
  bool end_object() { return --depth_ >= 0 && Base::end_object(); }
  bool end_array() { return --depth_ >= 0 && Base::end_array(); }

 private:
  bool deeper() {
    if (++depth_ > max_depth) throw MalformedMessage("a message nests deeper than 64 levels");
    return true;
  }
  int depth_ = 0;
};

json parse(std::span<const std::uint8_t> bytes) {
  json root;
  ShallowBuilder builder(root);
  try {
    json::sax_parse(bytes.data(), bytes.data() + bytes.size(), &builder, json::input_format_t::msgpack);
  } catch (const json::exception& error) {
    throw MalformedMessage(error.what());
  }
  return root;
}

}  // namespace

std::vector<std::uint8_t> encode(const Message& message) {
  return json::to_msgpack({{"sequence", message.sequence}, {"type", message.type}, {"body", message.body}});
}

// Keys are in alphabetical order: body, sequence, type. Sequence 0 is one byte.
EncodedMessage::EncodedMessage(const Message& message)
    : before_(encode({.type = message.type, .body = message.body, .sequence = 0})) {
  after_ = json::to_msgpack("type");
  json::to_msgpack(message.type, after_);
  before_.resize(before_.size() - after_.size() - 1);
}

std::vector<std::uint8_t> EncodedMessage::with(std::uint64_t sequence) const {
  auto bytes = before_;
  json::to_msgpack(sequence, bytes);
  bytes.insert(bytes.end(), after_.begin(), after_.end());
  return bytes;
}

Message decode(std::span<const std::uint8_t> bytes) {
  json envelope = parse(bytes);
  const bool complete = envelope.is_object() && envelope.size() == 3 && envelope.contains("sequence") &&
                        envelope.contains("type") && envelope.contains("body");
  if (!complete) throw MalformedMessage("a message is not an envelope of body, sequence and type");
  if (!envelope["sequence"].is_number_unsigned()) throw MalformedMessage("a message's sequence is not a number");
  if (!envelope["type"].is_string()) throw MalformedMessage("a message's type is not a string");
  Message message{.type = envelope["type"].get<std::string>(),
                  .body = std::move(envelope["body"]),
                  .sequence = envelope["sequence"].get<std::uint64_t>()};
  // One value has many MessagePack spellings (repeated keys, padded numbers); only ours is accepted.
  if (!std::ranges::equal(encode(message), bytes)) throw MalformedMessage("a message is not spelt as we spell it");
  return message;
}

}  // namespace ballast
