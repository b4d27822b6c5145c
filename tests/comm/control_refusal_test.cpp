// Strangers, impostors and peers that break the protocol, made with bare sockets.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zmq.hpp>

#include "comm/control_ledger.h"
#include "comm/control_socket.h"
#include "comm/control_wire.h"
#include "tests/comm/control_fixture.h"

namespace ballast {
namespace {

using testing::Contains;
using testing::HasSubstr;

// A connection with a rank's key whose every byte the test chooses.
struct RawRank {
  RawRank(const ControlFixture& control, int key_of)
      : socket(
            ControlSocket::Connect{control.keys.at(static_cast<std::size_t>(key_of)), control.server_keys.public_key}) {
    socket.connect(control.server->endpoint());
  }

  void send(const Message& message) { socket.send({}, encode(message)); }
  void say_hello(int as) {
    send({.type = std::string(wire::hello), .body = {{"rank", as}, {"sent", 0}, {"taken", 0}}});
  }
  // The reason with which the server dismisses this connection.
  std::string dismissal() {
    std::string reason;
    wait_until([&] {
      socket.wait(10ms);
      const auto packet = socket.receive();
      if (!packet) return false;
      const Message message = decode(packet->bytes);
      if (message.type == wire::refused) reason = message.body["reason"];
      return !reason.empty();
    });
    return reason;
  }

  ControlSocket socket;
};

bool refused(const ControlServer& server, const std::string& reason) {
  return wait_until([&] { return testing::Matches(Contains(HasSubstr(reason)))(server.refusals()); });
}

// The server still serves: rank 0 comes and is heard.
void expect_usable(ControlFixture& control) {
  const auto client = control.connect(0);
  client->send({.type = "event", .body = "here"});
  EXPECT_EQ(describe(control.server->receive(5s)), R"(rank 0: event "here")");
  control.server->close(5s);
}

int connect_tcp(const std::string& endpoint) {
  const auto port = static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return descriptor;
}

TEST(ControlRefusal, UnknownKeyIsRefusedAndBothSidesSayWhy) {
  ControlFixture control(1);
  auto options = control.client_options(0);
  options.keys = CurveKeyPair::generate();
  ControlClient stranger(std::move(options));
  EXPECT_EQ(describe(stranger.receive(5s)), "lost: no way to the orchestrator; tried " + control.server->endpoint() +
                                                " (connection refused: the key was not admitted (status 400))");
  EXPECT_TRUE(refused(*control.server, "unknown key from 127.0.0.1"));
  expect_usable(control);
}

TEST(ControlRefusal, AnotherRanksNameWithAValidKeyIsRefused) {
  ControlFixture control(2);
  auto options = control.client_options(1);
  options.rank = 0;
  ControlClient impostor(std::move(options));
  EXPECT_EQ(describe(impostor.receive(5s)),
            "lost: the orchestrator says: the key of rank 1 came with the name of rank 0");
  EXPECT_TRUE(refused(*control.server, "the key of rank 1 came with the name of rank 0"));
  expect_usable(control);
}

TEST(ControlRefusal, ARoutingIdentityOfOnesOwnChoiceGivesNobodysName) {
  ControlFixture control(2);
  const auto clients = control.connect_all();
  zmq::context_t context;
  zmq::socket_t impostor(context, zmq::socket_type::dealer);
  impostor.set(zmq::sockopt::routing_id, "rank 0");
  impostor.set(zmq::sockopt::curve_publickey, control.keys[1].public_key);
  impostor.set(zmq::sockopt::curve_secretkey, control.keys[1].secret_key);
  impostor.set(zmq::sockopt::curve_serverkey, control.server_keys.public_key);
  impostor.set(zmq::sockopt::linger, 0);
  impostor.connect(control.server->endpoint());
  const auto bytes = encode({.type = "event", .body = "forged", .sequence = 1});
  impostor.send(zmq::buffer(bytes), zmq::send_flags::none);
  EXPECT_TRUE(refused(*control.server, "the key of rank 1 came without hello"));
  EXPECT_EQ(describe(control.server->receive(100ms)), "nothing");
}

TEST(ControlRefusal, ASecondConnectionOfARankDoesNotDisturbTheFirst) {
  ControlFixture control(1);
  const auto clients = control.connect_all();
  const auto second = control.connect(0);
  EXPECT_EQ(describe(second->receive(5s)), "lost: the orchestrator says: rank 0 came a second time");
  clients[0]->send({.type = "event", .body = 1});
  EXPECT_EQ(describe(control.server->receive(5s)), "rank 0: event 1");
  control.server->send(0, {.type = "command", .body = 2});
  EXPECT_EQ(describe(clients[0]->receive(5s)), "command 2");
}

TEST(ControlRefusal, ALostRankCannotComeBack) {
  ControlFixture control(1);
  control.connect_all();  // and leaves at once
  ASSERT_EQ(describe(control.server->receive(5s)), "rank 0 lost: connection closed");
  const auto again = control.connect(0);
  EXPECT_EQ(describe(again->receive(5s)), "lost: the orchestrator says: rank 0 came a second time");
}

TEST(ControlRefusal, AClientWithoutCurveIsRefused) {
  ControlFixture control(1);
  zmq::context_t context;
  zmq::socket_t plain(context, zmq::socket_type::dealer);
  plain.set(zmq::sockopt::linger, 0);
  plain.connect(control.server->endpoint());
  plain.send(zmq::buffer(encode({.type = "event", .body = 1, .sequence = 1})), zmq::send_flags::none);
  // Either side may be the first to see that the mechanisms differ.
  EXPECT_TRUE(wait_until([&] { return !control.server->refusals().empty(); }));
  expect_usable(control);
}

TEST(ControlRefusal, AGreetingWithoutCurveIsRefusedAsSuch) {
  ControlFixture control(1);
  const std::string signature("\xff\0\0\0\0\0\0\0\x01\x7f", 10);
  const std::string version("\x03\0", 2);
  const std::string mechanism("NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  const std::string greeting = signature + version + mechanism + std::string(32, '\0');
  const int connection = connect_tcp(control.server->endpoint());
  EXPECT_EQ(::send(connection, greeting.data(), greeting.size(), MSG_NOSIGNAL), 64);
  EXPECT_TRUE(refused(*control.server, "the peer does not use CURVE"));
  close(connection);
  expect_usable(control);
}

TEST(ControlRefusal, AServerWithAnotherKeyIsNotTrusted) {
  ControlFixture control(1);
  auto options = control.client_options(0);
  options.server_key = CurveKeyPair::generate().public_key;
  ControlClient client(std::move(options));
  EXPECT_THAT(describe(client.receive(5s)), HasSubstr("(connection "));
  expect_usable(control);
}

TEST(ControlRefusal, GarbageOnThePortDoesNoHarm) {
  ControlFixture control(1);
  const std::string greeting = std::string("\xff\0\0\0\0\0\0\0\x01\x7f", 10);  // as ZMTP begins
  std::vector<int> connections{connect_tcp(control.server->endpoint())};       // says nothing
  for (const auto& garbage : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100000, '\0'),
                              std::string(100000, '\xff'), greeting + std::string(500, 'z')}) {
    connections.push_back(connect_tcp(control.server->endpoint()));
    EXPECT_GT(::send(connections.back(), garbage.data(), garbage.size(), MSG_NOSIGNAL), 0);
  }
  EXPECT_TRUE(wait_until([&] { return !control.server->refusals().empty(); }));
  for (const int connection : connections) close(connection);
  expect_usable(control);
}

TEST(ControlRefusal, AMalformedMessageLosesTheRankThatSentIt) {
  ControlFixture control(2);
  const auto sound = control.connect(0);
  RawRank rank(control, 1);
  rank.say_hello(1);
  control.server->wait_for_ranks(5s);
  rank.socket.send({}, {0xc1, 0x00});
  const auto incoming = control.server->receive(5s);
  EXPECT_THAT(describe(incoming), HasSubstr("rank 1 lost: "));
  EXPECT_THAT(rank.dismissal(), HasSubstr("MessagePack"));
  sound->send({.type = "event", .body = 1});
  EXPECT_EQ(describe(control.server->receive(5s)), "rank 0: event 1");
}

TEST(ControlRefusal, AMalformedFirstMessageIsRefused) {
  ControlFixture control(2);
  RawRank rank(control, 1);
  rank.socket.send({}, {0xc1, 0x00});
  EXPECT_EQ(rank.dismissal(), "the key of rank 1 came without hello");
  expect_usable(control);
}

TEST(ControlRefusal, ASequenceGapLosesTheRank) {
  ControlFixture control(1);
  RawRank rank(control, 0);
  rank.say_hello(0);
  rank.send({.type = "event", .body = 1, .sequence = 1});
  rank.send({.type = "event", .body = 3, .sequence = 3});
  EXPECT_EQ(describe(control.server->receive(5s)), "rank 0: event 1");
  EXPECT_EQ(describe(control.server->receive(5s)), "rank 0 lost: sequence gap: message 3 arrived after message 1");
  EXPECT_EQ(rank.dismissal(), "sequence gap: message 3 arrived after message 1");
}

TEST(ControlRefusal, ALastMessageThatNeverArrivedLosesTheRank) {
  ControlFixture control(1);
  RawRank rank(control, 0);
  rank.say_hello(0);
  rank.send({.type = std::string(wire::heartbeat), .body = {{"sent", 1}, {"taken", 0}}});
  EXPECT_EQ(describe(control.server->receive(5s)), "rank 0 lost: the peer has sent 1 messages, 0 have arrived");
}

TEST(ControlRefusal, ARankThatSaysNothingMoreIsLost) {
  ControlFixture control(1, {.heartbeat_interval = 50ms, .silence_limit = 500ms});
  RawRank rank(control, 0);
  rank.say_hello(0);
  EXPECT_THAT(describe(control.server->receive(5s)), HasSubstr("rank 0 lost: silent for 0."));
  EXPECT_THAT(rank.dismissal(), HasSubstr("silent for 0."));
}

// A server whose every byte the test chooses.
struct RawServer {
  RawServer()
      : socket(ControlSocket::Listen{server_keys, {rank_keys.public_key}, "tcp://127.0.0.1:*"}),
        client({.keys = rank_keys,
                .server_key = server_keys.public_key,
                .endpoints = {socket.endpoint()},
                .config = {.heartbeat_interval = 50ms, .silence_limit = 500ms}}) {
    wait_until([this] {
      socket.wait(10ms);
      socket.events();  // answers ZAP
      const auto hello = socket.receive();
      if (hello) routing_id = hello->routing_id;
      return hello.has_value();
    });
    send({.type = std::string(wire::welcome), .body = {{"sent", 0}, {"taken", 0}}});
  }
  void send(const Message& message) { socket.send(routing_id, encode(message)); }

  CurveKeyPair server_keys = CurveKeyPair::generate();
  CurveKeyPair rank_keys = CurveKeyPair::generate();
  ControlSocket socket;
  ControlClient client;
  std::string routing_id;
};

TEST(ControlRefusal, ASequenceGapFromTheServerIsALoss) {
  RawServer server;
  server.send({.type = "command", .body = 2, .sequence = 2});
  EXPECT_EQ(describe(server.client.receive(5s)), "lost: sequence gap: message 2 arrived after message 0");
}

TEST(ControlRefusal, AMalformedMessageFromTheServerIsALoss) {
  RawServer server;
  server.socket.send(server.routing_id, {0x93});
  EXPECT_THAT(describe(server.client.receive(5s)), HasSubstr("lost: "));
}

TEST(ControlRefusal, AServerThatSaysNothingMoreIsLost) {
  RawServer server;
  EXPECT_THAT(describe(server.client.receive(5s)), HasSubstr("lost: silent for 0."));
}

}  // namespace
}  // namespace ballast
