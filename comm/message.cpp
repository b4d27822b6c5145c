#include "comm/message.h"

#include <algorithm>

namespace ballast {
namespace {

using nlohmann::json;

// The body's depth plus the envelope itself. The parser recurses, so unbounded nesting would overflow the stack.
constexpr int max_depth = 65;

// Walks the encoded bytes without building anything and stops at the first nesting that is too deep.
class DepthCheck : public nlohmann::json_sax<json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t&) override { return true; }
  bool start_object(std::size_t) override { return ++depth_ <= max_depth; }
  bool start_array(std::size_t) override { return ++depth_ <= max_depth; }
  bool end_object() override { return --depth_ >= 0; }
  bool end_array() override { return --depth_ >= 0; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    throw MalformedMessage(error.what());
  }

 private:
  int depth_ = 0;
};

json parse(std::span<const std::uint8_t> bytes) {
  DepthCheck depth;
  if (!json::sax_parse(bytes.begin(), bytes.end(), &depth, json::input_format_t::msgpack)) {
    throw MalformedMessage("a message nests deeper than 64 levels");
  }
  try {
    return json::from_msgpack(bytes.begin(), bytes.end());
  } catch (const json::exception& error) {
    throw MalformedMessage(error.what());
  }
}

}  // namespace

std::vector<std::uint8_t> encode(const Message& message) {
  return json::to_msgpack({{"sequence", message.sequence}, {"type", message.type}, {"body", message.body}});
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
