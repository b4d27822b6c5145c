// A control server and its ranks within one process, with limits short enough for a test.
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "comm/control_channel.h"

namespace ballast {

using namespace std::chrono_literals;

struct ControlFixture {
  explicit ControlFixture(int ranks, ControlConfig config_in = {}) : config(config_in) {
    for (int rank = 0; rank < ranks; ++rank) keys.push_back(CurveKeyPair::generate());
    start_server();
  }

  void start_server() {
    std::vector<std::string> public_keys;
    for (const auto& pair : keys) public_keys.push_back(pair.public_key);
    server = std::make_unique<ControlServer>(
        ControlServer::Options{.keys = server_keys, .rank_keys = public_keys, .config = config});
  }

  ControlClient::Options client_options(int rank) const {
    return {.rank = rank,
            .keys = keys.at(static_cast<std::size_t>(rank)),
            .server_key = server_keys.public_key,
            .endpoints = {server->endpoint()},
            .config = config};
  }

  std::unique_ptr<ControlClient> connect(int rank) const {
    return std::make_unique<ControlClient>(client_options(rank));
  }

  // The ranks that the fixture has keys for, all connected.
  std::vector<std::unique_ptr<ControlClient>> connect_all() {
    std::vector<std::unique_ptr<ControlClient>> clients;
    for (int rank = 0; rank < static_cast<int>(keys.size()); ++rank) clients.push_back(connect(rank));
    server->wait_for_ranks(10s);
    return clients;
  }

  ControlConfig config;
  CurveKeyPair server_keys = CurveKeyPair::generate();
  std::vector<CurveKeyPair> keys;  // by rank
  std::unique_ptr<ControlServer> server;
};

inline bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds limit = 5s) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

// What came, as text: 'rank 1: event 7', 'rank 1 lost: connection closed', 'nothing'.
inline std::string describe(const std::optional<Incoming>& incoming) {
  if (!incoming) return "nothing";
  const auto rank = "rank " + std::to_string(incoming->rank);
  if (const auto* lost = std::get_if<PeerLost>(&incoming->what)) return rank + " lost: " + lost->reason;
  const auto& message = std::get<Message>(incoming->what);
  return rank + ": " + message.type + " " + message.body.dump();
}
inline std::string describe(const std::optional<std::variant<Message, PeerLost>>& incoming) {
  if (!incoming) return "nothing";
  if (const auto* lost = std::get_if<PeerLost>(&*incoming)) return "lost: " + lost->reason;
  const auto& message = std::get<Message>(*incoming);
  return message.type + " " + message.body.dump();
}

}  // namespace ballast
