#include "comm/message.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace ballast {
namespace {

using nlohmann::json;
using Bytes = std::vector<std::uint8_t>;

Message rich_message() {
  return {.type = "command",
          .body = {{"number", 17},
                   {"negative", -5},
                   {"lambda", 1.25},
                   {"ranks", {0, 3, 5}},
                   {"name", "B\u00f6e \xff"},  // not valid UTF-8: bodies may carry any bytes
                   {"nested", {{"flag", true}, {"nothing", nullptr}, {"empty", json::object()}}}},
          .sequence = 300};
}

// Decodes, or reports that the bytes were rejected. Anything but these two outcomes fails the test.
bool decodes(const Bytes& bytes) {
  try {
    const Message message = decode(bytes);
    EXPECT_EQ(encode(message), bytes) << "accepted bytes that encode does not write";
    return true;
  } catch (const MalformedMessage& error) {
    EXPECT_STRNE(error.what(), "");
    return false;
  }
}

Bytes pack(const json& envelope) { return json::to_msgpack(envelope); }

TEST(Message, ComesBackAsItWasSent) {
  const Message sent = rich_message();
  const Message received = decode(encode(sent));
  EXPECT_EQ(received.type, sent.type);
  EXPECT_EQ(received.sequence, sent.sequence);
  EXPECT_EQ(received.body, sent.body);
}

TEST(Message, KeepsNumbersThatJsonTextCannotHold) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Message received = decode(encode({.type = "event", .body = {std::nan(""), infinity, 0.1, 1e-310}}));
  EXPECT_TRUE(std::isnan(received.body[0].get<double>()));
  EXPECT_EQ(received.body[1].get<double>(), infinity);
  EXPECT_EQ(received.body[2].get<double>(), 0.1);
  EXPECT_EQ(received.body[3].get<double>(), 1e-310);
}

TEST(Message, RejectsEveryTruncation) {
  const Bytes bytes = encode(rich_message());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decodes({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)})) << length;
  }
}

TEST(Message, RejectsTrailingBytes) {
  Bytes bytes = encode(rich_message());
  bytes.push_back(0xc0);
  EXPECT_FALSE(decodes(bytes));
}

TEST(Message, SurvivesEveryChangeOfOneByte) {
  const Bytes bytes = encode(rich_message());
  int accepted = 0;
  for (std::size_t position = 0; position < bytes.size(); ++position) {
    for (int change = 1; change < 256; ++change) {
      Bytes changed = bytes;
      changed[position] ^= static_cast<std::uint8_t>(change);
      accepted += decodes(changed) ? 1 : 0;
    }
  }
  EXPECT_GT(accepted, 0);  // a letter of a string may well be another one
}

TEST(Message, SurvivesRandomBytes) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes(random() % 40);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    decodes(bytes);
  }
}

TEST(Message, RejectsWhatIsNoEnvelope) {
  const json body = json::object();
  EXPECT_TRUE(decodes(pack({{"sequence", 1}, {"type", "event"}, {"body", body}})));
  EXPECT_FALSE(decodes(pack(json::array({1, "event", body}))));
  EXPECT_FALSE(decodes(pack(nullptr)));
  EXPECT_FALSE(decodes(pack({{"type", "event"}, {"body", body}})));
  EXPECT_FALSE(decodes(pack({{"sequence", 1}, {"body", body}})));
  EXPECT_FALSE(decodes(pack({{"sequence", 1}, {"type", "event"}})));
  EXPECT_FALSE(decodes(pack({{"sequence", 1}, {"type", "event"}, {"body", body}, {"more", 1}})));
  EXPECT_FALSE(decodes(pack({{"sequence", -1}, {"type", "event"}, {"body", body}})));
  EXPECT_FALSE(decodes(pack({{"sequence", 1.5}, {"type", "event"}, {"body", body}})));
  EXPECT_FALSE(decodes(pack({{"sequence", "1"}, {"type", "event"}, {"body", body}})));
  EXPECT_FALSE(decodes(pack({{"sequence", 1}, {"type", 2}, {"body", body}})));
}

TEST(Message, RejectsAnotherSpellingOfTheSameEnvelope) {
  // {"body": null, "sequence": 5, "type": "e"} with 5 as one byte, and as four.
  const Bytes ours{0x83, 0xa4, 'b', 'o', 'd',  'y',  0xc0, 0xa8, 's', 'e', 'q',  'u',
                   'e',  'n',  'c', 'e', 0x05, 0xa4, 't',  'y',  'p', 'e', 0xa1, 'e'};
  Bytes padded = ours;
  padded[16] = 0xce;
  padded.insert(padded.begin() + 17, {0, 0, 0, 5});
  EXPECT_TRUE(decodes(ours));
  EXPECT_FALSE(decodes(padded));
}

TEST(Message, NestsTo64LevelsAndNoFurther) {
  json body = nullptr;
  for (int level = 0; level < 64; ++level) body = json::array({body});
  EXPECT_TRUE(decodes(encode({.type = "event", .body = body})));
  EXPECT_FALSE(decodes(encode({.type = "event", .body = json::array({body})})));
}

TEST(Message, RejectsADepthBombWithoutOverflowingTheStack) {
  EXPECT_FALSE(decodes(Bytes(10'000'000, 0x91)));                        // arrays of one element
  EXPECT_FALSE(decodes(Bytes{0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0}));      // an array that claims 4 G elements
  EXPECT_FALSE(decodes(Bytes{0xdb, 0xff, 0xff, 0xff, 0xff, 'a', 'b'}));  // a string that claims 4 GB
}

TEST(Message, EncodedOnceItHasTheBytesOfEveryNumber) {
  const Message message{.type = "command", .body = {{"number", 3}, {"text", std::string(300, 'x')}}};
  const EncodedMessage encoded(message);
  for (const std::uint64_t sequence : {1ULL, 127ULL, 128ULL, 255ULL, 65536ULL, 1ULL << 40}) {
    EXPECT_EQ(encoded.with(sequence), encode({.type = message.type, .body = message.body, .sequence = sequence}));
  }
}

}  // namespace
}  // namespace ballast
