// A rank that knows several addresses of the orchestrator, of which not all are its own.
#include "comm/control_reach.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/comm/control_fixture.h"

namespace ballast {
namespace {

using testing::MatchesRegex;

constexpr auto nobody = "tcp://127.0.0.1:1";

// A port that accepts connections and says nothing.
struct SilentPort {
  SilentPort() : descriptor(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    EXPECT_EQ(bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(descriptor, 16), 0);
    socklen_t length = sizeof address;
    getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
    endpoint = "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentPort() { close(descriptor); }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;

  int descriptor;
  std::string endpoint;
};

std::unique_ptr<ControlClient> connect_by(const ControlFixture& control, std::vector<std::string> endpoints) {
  return std::make_unique<ControlClient>(ControlClient::Options{.rank = 0,
                                                                .keys = control.keys.front(),
                                                                .server_key = control.server_keys.public_key,
                                                                .endpoints = std::move(endpoints),
                                                                .config = control.config});
}

TEST(ControlReach, PassesOverAddressesWhereNobodyOrSomebodyElseAnswers) {
  ControlFixture control(1, {.endpoint_limit = 200ms});
  ControlFixture another(1);
  const SilentPort silent;
  const auto client =
      connect_by(control, {nobody, silent.endpoint, another.server->endpoint(), control.server->endpoint()});
  client->send({.type = "event", .body = "queued while nobody was found"});
  client->wait_for_welcome();
  EXPECT_EQ(describe(control.server->receive(5s)), R"(rank 0: event "queued while nobody was found")");
  control.server->send(0, {.type = "command", .body = 1});
  EXPECT_EQ(describe(client->receive(5s)), "command 1");
}

TEST(ControlReach, TriesAgainWhenTheOrchestratorComesLate) {
  ControlFixture control(1);
  const auto endpoint = control.server->endpoint();
  control.server.reset();
  const auto client = connect_by(control, {nobody, endpoint});
  std::this_thread::sleep_for(300ms);
  control.server = std::make_unique<ControlServer>(ControlServer::Options{
      .keys = control.server_keys, .rank_keys = {control.keys[0].public_key}, .bind = endpoint, .config = {}});
  client->wait_for_welcome();
}

TEST(ControlReach, NamesAllThatWasTriedWhenThereIsNoWay) {
  ControlFixture control(1, {.welcome_limit = 700ms, .endpoint_limit = 100ms});
  const SilentPort silent;
  const auto client = connect_by(control, {nobody, silent.endpoint});
  EXPECT_THAT([&] { client->wait_for_welcome(); },
              testing::ThrowsMessage<ControlError>(
                  MatchesRegex("no way to the orchestrator; tried tcp://127.0.0.1:1 \\(cannot be reached\\), " +
                               silent.endpoint + " \\(no answer within 0\\.. s\\)")));
}

TEST(ControlReach, AClientThatIsClosedMeanwhileLeavesInTime) {
  ControlFixture control(1);
  const SilentPort silent;
  const auto client = connect_by(control, {silent.endpoint});
  const auto begin = std::chrono::steady_clock::now();
  client->close(200ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
}

}  // namespace
}  // namespace ballast
