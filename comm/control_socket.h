// The ZeroMQ sockets of one end of the control channel: ROUTER (orchestrator) or DEALER (rank) with CURVE, its monitor,
// and at the orchestrator the ZAP socket. All use of ZeroMQ's sockets is in the .cpp; the protocol above knows packets.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "comm/control_channel.h"

namespace ballast {

inline constexpr std::size_t max_message_bytes = std::size_t{64} << 20;

// A connection has ended; its number is that of its packets. Packets that it still brought can follow.
struct ConnectionClosed {
  int connection = -1;
};
// Somebody did not get through the handshake.
struct ConnectionRefused {
  std::string reason;
};
// A rank's connection: the orchestrator has proved its key; nobody was found (ZeroMQ tries again by itself).
struct ConnectionMade {};
struct ConnectionFailed {};
using ConnectionEvent = std::variant<ConnectionClosed, ConnectionRefused, ConnectionMade, ConnectionFailed>;

struct Packet {
  std::string routing_id;  // where an answer goes; empty at a rank
  int rank = -1;           // whose key the sender has proved to own; -1 at a rank
  int connection = -1;
  std::vector<std::uint8_t> bytes;
};

// One thread uses it; only `wake` and `moved_bytes` may be called from others.
class ControlSocket {
 public:
  struct Listen {
    CurveKeyPair keys;
    std::vector<std::string> rank_keys;  // public key of each rank
    std::string bind;
  };
  struct Connect {
    CurveKeyPair keys;
    std::string server_key;
  };
  // Both throw ControlError.
  explicit ControlSocket(const Listen& options);
  explicit ControlSocket(const Connect& options);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  std::string endpoint() const;  // as bound, with the port
  // A rank: starts to connect to `endpoint` and leaves the one before, with all that was queued for it. Throws
  // ControlError, which names the endpoint.
  void connect(const std::string& endpoint);
  // Sleeps until there may be something to receive, an event, a wake() or `timeout` has passed.
  void wait(std::chrono::milliseconds timeout);
  void wake();
  // What happened to connections since the last call. All packets that a closed connection has brought can be received
  // once its event is here.
  std::vector<ConnectionEvent> events();
  // The next packet, or nothing; does not wait.
  std::optional<Packet> receive();
  // Queues bytes for a connection; does not wait. False: there is no such connection any more.
  bool send(const std::string& routing_id, const std::vector<std::uint8_t>& bytes);
  // Bytes sent and received so far.
  std::int64_t moved_bytes() const;
  // Closes the sockets; waits until what is queued has left, but no longer than `linger`. May be repeated.
  void close(std::chrono::milliseconds linger);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast
