// Commands and events between the orchestrator and the ranks: ROUTER at the orchestrator, DEALER at each rank, CURVE
// encryption with one key pair per rank, authentication (ZAP) that admits exactly the ranks' keys and ties each key to
// its rank. Nothing is dropped silently: every message has a sequence number in its direction, a gap is fatal, sending
// to a rank that is not connected is an error.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "comm/log.h"
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
  std::chrono::milliseconds silence_limit{4000};   // a peer that says nothing for this long is lost
  std::chrono::milliseconds welcome_limit{60000};  // a rank waits this long for the orchestrator's first answer
  std::chrono::milliseconds endpoint_limit{5000};  // and tries its next endpoint when one is silent for this long
  std::int64_t unacknowledged_limit = 10000;       // messages sent to one peer and not taken there; more is an error
};

// What the orchestrator hears from one rank.
struct PeerLost {
  std::string reason;  // 'connection closed', 'silent for 4.0 s', 'sequence gap: ...'
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
    std::vector<std::string> rank_keys;      // public key of each rank
    std::string bind = "tcp://127.0.0.1:*";  // ZeroMQ endpoint; '*' picks a free port
    ControlConfig config;
    Logger log;  // hears of refused connections
  };
  // Throws ControlError when it cannot listen, or a rank's key is malformed or given twice.
  explicit ControlServer(Options options);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  std::string endpoint() const;  // as bound, with the port
  // Waits for a hello from every rank; throws ControlError that names the ranks that are missing or lost.
  void wait_for_ranks(std::chrono::milliseconds timeout);
  // Queues a message for each rank, encoded once; does not wait. Throws ControlError when one of the ranks is not
  // connected or takes nothing any more; those before it have their message.
  void send(const std::vector<int>& ranks, const Message& message);
  void send(int rank, const Message& message) { send(std::vector{rank}, message); }
  // The next message or loss (once a rank, after the last message that it brought), or nothing when `timeout` has
  // passed.
  std::optional<Incoming> receive(std::chrono::milliseconds timeout);
  // Bytes of all messages so far, in both directions, heartbeats included.
  std::int64_t moved_bytes() const;
  // Why connections were refused, the first 1,000: unknown keys, another rank's name, no CURVE, a rank that is
  // connected.
  std::vector<std::string> refusals() const;
  // Tells every connected rank that the channel closes, waits for their goodbyes, closes the sockets. What the ranks do
  // from the announcement on is no loss. The destructor closes without a word, which the ranks take for a loss.
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
    std::string server_key;              // the orchestrator's public key
    std::vector<std::string> endpoints;  // of the orchestrator, in the order in which to try them
    ControlConfig config;
  };
  // Starts to connect and returns. Throws ControlError on a malformed key.
  explicit ControlClient(Options options);
  ~ControlClient();
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;

  // Waits until the orchestrator has answered. Throws ControlError, which names the endpoints that were tried.
  void wait_for_welcome();
  // Queues a message; does not wait. Throws ControlError when the orchestrator is lost or takes nothing any more. After
  // the orchestrator has announced the end nobody listens and the message is discarded.
  void send(const Message& message);
  // The next message; PeerLost, again and again, when the orchestrator is gone; nothing when `timeout` has passed or
  // the orchestrator has announced the end.
  std::optional<std::variant<Message, PeerLost>> receive(std::chrono::milliseconds timeout);
  // True after the orchestrator has announced the end: what follows is no loss.
  bool closed_by_server() const;
  // Leaves; what is queued has `timeout` to reach the orchestrator. The destructor gives it one second.
  void close(std::chrono::milliseconds timeout);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast
