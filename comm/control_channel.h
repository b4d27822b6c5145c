// Commands and events between the orchestrator and the ranks: ROUTER at the orchestrator, DEALER at each rank, CURVE
// encryption with one key pair per rank, a ZAP handler that admits exactly the ranks' keys and ties each key to its rank.
// Nothing is dropped silently: every message has a sequence number in its direction, a gap is fatal, sending to a rank
// that is not connected is an error.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "comm/message.h"

namespace ballast {

// Z85 text. The secret half never leaves its process.
struct CurveKeyPair {
  std::string public_key;
  std::string secret_key;
  static CurveKeyPair generate();
};

struct ControlError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ControlConfig {
  std::chrono::milliseconds heartbeat_interval{500};
  std::chrono::milliseconds silence_limit{4000};  // a peer that says nothing for this long is lost
  std::int64_t unacknowledged_limit = 10000;      // messages in flight to one peer; one more is an error
};

// What the orchestrator hears from one rank.
struct PeerLost {
  std::string reason;  // 'connection closed', 'silent for 4.0 s'
};
struct Incoming {
  int rank = 0;
  std::variant<Message, PeerLost> what;
};

// The orchestrator's end. One thread of its own owns the sockets; all methods may be called from any thread.
class ControlServer {
 public:
  struct Options {
    CurveKeyPair keys;
    std::vector<std::string> rank_keys;   // public key of each rank
    std::string bind = "tcp://127.0.0.1:*";  // ZeroMQ endpoint; '*' picks a free port
    ControlConfig config;
  };
  explicit ControlServer(Options options);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  std::string endpoint() const;  // as bound, with the port
  // Waits for a hello from every rank; throws ControlError that names the ranks that are missing.
  void wait_for_ranks(std::chrono::milliseconds timeout);
  void send(int rank, Message message);
  // The next message or loss, or nothing when `timeout` has passed.
  std::optional<Incoming> receive(std::chrono::milliseconds timeout);
  // Connections that ZAP refused so far, by reason.
  std::vector<std::string> refusals() const;
  // Tells every rank that the channel closes, waits for their goodbye, closes the sockets.
  void close(std::chrono::milliseconds timeout);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// A rank's end. One thread of its own owns the socket and sends the heartbeats, whatever the rank computes.
class ControlClient {
 public:
  struct Options {
    int rank = 0;
    CurveKeyPair keys;
    std::string server_key;  // the orchestrator's public key
    std::string endpoint;
    ControlConfig config;
  };
  explicit ControlClient(Options options);
  ~ControlClient();
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;

  void send(Message message);
  // The next message; PeerLost when the orchestrator is gone; nothing when `timeout` has passed.
  std::optional<std::variant<Message, PeerLost>> receive(std::chrono::milliseconds timeout);
  // True after the orchestrator has announced the end: what follows is no loss.
  bool closed_by_server() const;
  void close(std::chrono::milliseconds timeout);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast
