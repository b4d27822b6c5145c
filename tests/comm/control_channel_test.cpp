#include "comm/control_channel.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <random>

#include "tests/comm/control_fixture.h"

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

double process_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A text of 1 byte to 4 MiB whose length follows from `index`; few are long.
std::string text_of(int index) {
  std::mt19937 random(static_cast<unsigned>(index));
  const std::size_t size = index % 1000 == 0 ? std::size_t{4} << 20 : 1 + random() % 4096;
  return std::string(size, static_cast<char>('a' + index % 26));
}

TEST(ControlChannel, CarriesTypedMessagesBothWays) {
  ControlFixture control(2);
  const auto clients = control.connect_all();
  control.server->send(1, {.type = "command", .body = {{"number", 7}}});
  EXPECT_EQ(describe(clients[1]->receive(5s)), R"(command {"number":7})");
  clients[1]->send({.type = "event", .body = {{"command", 7}}});
  EXPECT_EQ(describe(control.server->receive(5s)), R"(rank 1: event {"command":7})");
  EXPECT_EQ(describe(clients[0]->receive(50ms)), "nothing");
}

TEST(ControlChannel, NumbersMessagesFromOneInEachDirection) {
  ControlFixture control(1);
  const auto clients = control.connect_all();
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    control.server->send(0, {.type = "command", .body = nullptr});
    const auto incoming = clients[0]->receive(5s);
    ASSERT_TRUE(incoming);
    EXPECT_EQ(std::get<Message>(*incoming).sequence, sequence);
  }
}

TEST(ControlChannel, CountsTheBytesThatTravelInBothDirections) {
  ControlFixture control(1);
  const auto clients = control.connect_all();
  const auto before = control.server->moved_bytes();
  control.server->send(0, {.type = "command", .body = std::string(1000, 'x')});
  ASSERT_TRUE(clients[0]->receive(5s));
  clients[0]->send({.type = "event", .body = std::string(2000, 'x')});
  ASSERT_TRUE(control.server->receive(5s));
  EXPECT_GT(control.server->moved_bytes(), before + 3000);
  EXPECT_LT(control.server->moved_bytes(), before + 4000);
}

TEST(ControlChannel, KeepsOrderAndLosesNothingUnderLoadInBothDirections) {
  constexpr int count = 10000;
  ControlFixture control(1);
  const auto clients = control.connect_all();
  const auto send_all = [](const auto& send) {
    for (int i = 0; i < count; ++i) send(Message{.type = "load", .body = {{"index", i}, {"text", text_of(i)}}});
  };
  const auto check = [](const Message& message, int index) {
    ASSERT_EQ(message.body["index"], index);
    ASSERT_TRUE(message.body["text"] == text_of(index)) << "message " << index;
  };
  std::thread down([&] { send_all([&](Message message) { control.server->send(0, std::move(message)); }); });
  std::thread up([&] { send_all([&](Message message) { clients[0]->send(std::move(message)); }); });
  std::thread at_client([&] {
    for (int i = 0; i < count; ++i) {
      const auto incoming = clients[0]->receive(20s);
      ASSERT_TRUE(incoming && std::holds_alternative<Message>(*incoming)) << describe(incoming);
      check(std::get<Message>(*incoming), i);
    }
  });
  for (int i = 0; i < count; ++i) {
    const auto incoming = control.server->receive(20s);
    const bool message = incoming && std::holds_alternative<Message>(incoming->what);
    EXPECT_TRUE(message) << describe(incoming);
    if (!message) break;
    check(std::get<Message>(incoming->what), i);
  }
  down.join();
  up.join();
  at_client.join();
}

TEST(ControlChannel, AcknowledgesSoThatASteadySenderNeverFillsTheWindow) {
  ControlFixture control(1, {.heartbeat_interval = 200ms, .unacknowledged_limit = 8});
  const auto clients = control.connect_all();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(wait_until([&] {
      try {
        control.server->send(0, {.type = "command", .body = i});
        return true;
      } catch (const ControlError&) {
        return false;
      }
    }));
    EXPECT_EQ(describe(clients[0]->receive(5s)), "command " + std::to_string(i));
  }
}

TEST(ControlChannel, SendIsAnErrorWhenTheWindowIsFull) {
  ControlFixture control(1, {.unacknowledged_limit = 5});
  const auto clients = control.connect_all();
  for (int i = 0; i < 5; ++i) {
    control.server->send(0, {.type = "command", .body = i});
    clients[0]->send({.type = "event", .body = i});
  }
  const auto send_down = [&] { control.server->send(0, {.type = "command", .body = 5}); };
  const auto send_up = [&] { clients[0]->send({.type = "event", .body = 5}); };
  EXPECT_THAT(send_down, testing::ThrowsMessage<ControlError>(
                             "cannot send to rank 0: 5 messages are unacknowledged, which is the limit"));
  EXPECT_THAT(send_up, testing::ThrowsMessage<ControlError>(
                           "cannot send to the orchestrator: 5 messages are unacknowledged, which is the limit"));
}

TEST(ControlChannel, SendIsAnErrorBeforeTheRankHasConnected) {
  ControlFixture control(2);
  const auto send = [&] { control.server->send(1, {.type = "command", .body = nullptr}); };
  EXPECT_THAT(send, testing::ThrowsMessage<ControlError>("cannot send to rank 1: it is not connected"));
}

TEST(ControlChannel, SendRejectsTheChannelsOwnMessageTypes) {
  ControlFixture control(1);
  const auto clients = control.connect_all();
  EXPECT_THROW(clients[0]->send({.type = "channel.goodbye", .body = nullptr}), ControlError);
  EXPECT_THROW(control.server->send(0, {.type = "channel.close", .body = nullptr}), ControlError);
}

TEST(ControlChannel, SendRejectsAMessageBeyondTheLengthLimitAndStaysUsable) {
  ControlFixture control(1);
  const auto clients = control.connect_all();
  EXPECT_THROW(clients[0]->send({.type = "event", .body = std::string(std::size_t{65} << 20, 'x')}), ControlError);
  clients[0]->send({.type = "event", .body = 1});
  EXPECT_EQ(describe(control.server->receive(5s)), "rank 0: event 1");
}

TEST(ControlChannel, NamesTheRanksThatDidNotConnect) {
  ControlFixture control(3);
  const auto client = control.connect(1);
  const auto wait = [&] { control.server->wait_for_ranks(300ms); };
  EXPECT_THAT(wait, testing::ThrowsMessage<ControlError>("no control connection to rank 0, rank 2"));
}

TEST(ControlChannel, DeliversWhatWasSentBeforeTheWelcome) {
  ControlFixture control(1);
  const auto client = control.connect(0);
  client->send({.type = "event", .body = "early"});
  EXPECT_EQ(describe(control.server->receive(5s)), R"(rank 0: event "early")");
}

TEST(ControlChannel, IdleEndsUseLessThanFivePercentOfACore) {
  ControlFixture control(6);
  const auto clients = control.connect_all();
  const double before = process_cpu_seconds();
  EXPECT_EQ(describe(clients[0]->receive(10s)), "nothing");
  EXPECT_LT(process_cpu_seconds() - before, 0.05 * 10);  // a server and six ranks together
}

TEST(ControlChannel, ReportsARankThatLeavesWithoutBeingToldAndItsLastMessagesFirst) {
  ControlFixture control(2);
  auto clients = control.connect_all();
  for (int i = 0; i < 100; ++i) clients[1]->send({.type = "event", .body = i});
  clients[1].reset();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(describe(control.server->receive(5s)), "rank 1: event " + std::to_string(i));
  EXPECT_EQ(describe(control.server->receive(5s)), "rank 1 lost: connection closed");
  EXPECT_EQ(describe(control.server->receive(50ms)), "nothing");
  const auto send = [&] { control.server->send(1, {.type = "command", .body = nullptr}); };
  EXPECT_THAT(send, testing::ThrowsMessage<ControlError>("cannot send to rank 1: connection closed"));
  control.server->send(0, {.type = "command", .body = nullptr});
}

TEST(ControlChannel, TellsTheRanksThatTheServerIsGone) {
  ControlFixture control(2);
  const auto clients = control.connect_all();
  control.server->send(1, {.type = "command", .body = 1});
  ASSERT_EQ(describe(clients[1]->receive(5s)), "command 1");
  control.server.reset();
  for (const auto& client : clients) {
    EXPECT_EQ(describe(client->receive(5s)), "lost: connection closed");
    EXPECT_EQ(describe(client->receive(5s)), "lost: connection closed");
    EXPECT_FALSE(client->closed_by_server());
    EXPECT_THROW(client->send({.type = "event", .body = nullptr}), ControlError);
  }
}

TEST(ControlChannel, CloseDeliversWhatIsQueuedAndNobodyTakesItForALoss) {
  ControlFixture control(3);
  const auto clients = control.connect_all();
  for (const int rank : {0, 1, 2}) control.server->send(rank, {.type = "command", .body = rank});
  for (const auto& client : clients) client->send({.type = "event", .body = "last"});
  ASSERT_TRUE(wait_until([&] { return describe(control.server->receive(1s)) != "nothing"; }));
  control.server->close(5s);
  for (std::size_t rank = 0; rank < 3; ++rank) {
    EXPECT_EQ(describe(clients[rank]->receive(5s)), "command " + std::to_string(rank));
    EXPECT_EQ(describe(clients[rank]->receive(5s)), "nothing");
    EXPECT_TRUE(clients[rank]->closed_by_server());
    clients[rank]->send({.type = "event", .body = "nobody listens"});
    clients[rank]->close(5s);
  }
  for (int i = 0; i < 2; ++i) EXPECT_THAT(describe(control.server->receive(10ms)), HasSubstr("event"));
  EXPECT_EQ(describe(control.server->receive(10ms)), "nothing");
}

TEST(ControlChannel, RanksMayLeaveAsSoonAsTheEndIsAnnounced) {
  ControlFixture control(4);
  auto clients = control.connect_all();
  std::vector<std::thread> ranks;
  for (auto& client : clients) {
    ranks.emplace_back([&client] {
      while (!client->closed_by_server()) client->receive(1s);
      client.reset();
    });
  }
  control.server->close(5s);
  for (auto& rank : ranks) rank.join();
  EXPECT_EQ(describe(control.server->receive(10ms)), "nothing");
}

TEST(ControlChannel, CloseMayBeRepeatedAndSendingAfterItIsAnError) {
  ControlFixture control(1);
  const auto clients = control.connect_all();
  control.server->close(5s);
  control.server->close(5s);
  const auto send = [&] { control.server->send(0, {.type = "command", .body = nullptr}); };
  EXPECT_THAT(send, testing::ThrowsMessage<ControlError>("cannot send to rank 0: the channel is closed"));
}

TEST(ControlChannel, CloseDoesNotWaitForRanksThatNeverCame) {
  ControlFixture control(2);
  const auto client = control.connect(0);
  EXPECT_THROW(control.server->wait_for_ranks(200ms), ControlError);
  const auto begin = std::chrono::steady_clock::now();
  control.server->close(20s);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

TEST(ControlChannel, AClientWithoutAServerGivesUp) {
  ControlFixture control(1, {.heartbeat_interval = 50ms, .welcome_limit = 300ms});
  auto options = control.client_options(0);
  const auto endpoint = options.endpoints.front();
  control.server.reset();
  ControlClient client(std::move(options));
  EXPECT_EQ(describe(client.receive(5s)),
            "lost: no way to the orchestrator; tried " + endpoint + " (cannot be reached)");
}

TEST(ControlChannel, RefusesRankKeysThatAreMalformedOrGivenTwice) {
  const auto keys = CurveKeyPair::generate();
  const auto listen = [&](std::vector<std::string> rank_keys) {
    return [&keys, rank_keys] { ControlServer({.keys = keys, .rank_keys = rank_keys}); };
  };
  EXPECT_THAT(listen({keys.public_key, keys.public_key}),
              testing::ThrowsMessage<ControlError>("ranks 0 and 1 have the same public key"));
  EXPECT_THAT(listen({"short"}),
              testing::ThrowsMessage<ControlError>("the public key of rank 0 is not a Z85 key of 40 characters"));
}

TEST(ControlChannel, NamesTheAddressThatItCannotListenOn) {
  const auto keys = CurveKeyPair::generate();
  const auto listen = [&] { ControlServer({.keys = keys, .rank_keys = {}, .bind = "tcp://192.0.2.1:1"}); };
  EXPECT_THAT(listen, testing::ThrowsMessage<ControlError>(HasSubstr("cannot listen on tcp://192.0.2.1:1")));
}

}  // namespace
}  // namespace ballast
