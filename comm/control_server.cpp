// The orchestrator's end: one thread admits ranks, moves messages between the socket and the mailboxes, and watches
// over the ranks. `mutex_` guards all that both this thread and the callers touch.
#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "comm/control_peers.h"
#include "comm/control_socket.h"
#include "comm/control_wire.h"

namespace ballast {
namespace {

constexpr std::size_t refusals_kept = 1000;

struct Outgoing {
  int rank = 0;
  std::vector<std::uint8_t> bytes;  // a sealed user's message; empty: a heartbeat ahead of time
};

}  // namespace

class ControlServer::Impl {
 public:
  explicit Impl(Options options)
      : config_(options.config),
        log_(std::move(options.log)),
        peers_(options.rank_keys.size(), config_.unacknowledged_limit),
        socket_(ControlSocket::Listen{options.keys, options.rank_keys, options.bind}),
        endpoint_(socket_.endpoint()),
        thread_([this] { run(); }) {}

  ~Impl() { stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::string endpoint() const { return endpoint_; }
  std::int64_t moved_bytes() const { return socket_.moved_bytes(); }

  void wait_for_ranks(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout,
                      [this] { return peers_.in(PeerState::awaited).empty() || !peers_.in(PeerState::lost).empty(); });
    const std::string absent = peers_.absent();
    if (!absent.empty()) throw ControlError(fmt::format("no control connection to {}", absent));
  }

  void send(const std::vector<int>& ranks, const Message& message) {
    const auto encoded = encode_users(message);
    {
      const std::lock_guard lock(mutex_);
      for (const int rank : ranks) queue(rank, encoded);
    }
    socket_.wake();
  }

  std::optional<Incoming> receive(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [this] { return !inbox_.empty() || stopping_; });
    if (inbox_.empty()) return std::nullopt;
    Incoming incoming = std::move(inbox_.front());
    inbox_.pop_front();
    if (std::holds_alternative<Message>(incoming.what) && peers_[incoming.rank].ledger.take()) {
      outbox_.push_back({incoming.rank, {}});
      socket_.wake();
    }
    return incoming;
  }

  std::vector<std::string> refusals() const {
    const std::lock_guard lock(mutex_);
    return refusals_;
  }

  void close(std::chrono::milliseconds timeout) {
    {
      std::unique_lock lock(mutex_);
      closing_ = true;
      socket_.wake();
      changed_.wait_for(lock, timeout, [this] { return announced_ && peers_.in(PeerState::live).empty(); });
    }
    stop();
  }

 private:
  void queue(int rank, const EncodedMessage& message) {
    Peer& peer = peers_[rank];
    try {
      check_open(peer);
      outbox_.push_back({rank, seal(message, peer.ledger)});
    } catch (const ControlError& error) {
      throw ControlError(fmt::format("cannot send to rank {}: {}", rank, error.what()));
    }
  }

  void check_open(const Peer& peer) const {
    if (closing_ || stopping_) throw ControlError("the channel is closed");
    if (peer.state == PeerState::lost) throw ControlError(peer.loss);
    if (peer.state != PeerState::live) throw ControlError("it is not connected");
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    if (!thread_.joinable()) return;
    socket_.wake();
    thread_.join();
    socket_.close(std::chrono::milliseconds(0));
  }

  // From here on everything runs in the thread that owns the socket.

  void run() {
    try {
      while (turn()) {
      }
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      const auto reason = fmt::format("the control channel failed: {}", error.what());
      for (const int rank : peers_.in(PeerState::live)) mark_lost(rank, reason);
    }
  }

  // False when it is time to stop.
  bool turn() {
    socket_.wait(pulse_.until_beat());
    note_events();
    const bool heard_all = hear();
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    if (heard_all) {  // only now: what a rank said before it went has been heard
      for (const int rank : peers_.take_closed()) lose(rank, "connection closed");
    }
    transmit();
    watch();
    if (closing_ && !announced_) announce_end();
    return true;
  }

  void note_events() {
    for (const auto& event : socket_.events()) {
      const std::lock_guard lock(mutex_);
      if (const auto* refused = std::get_if<ConnectionRefused>(&event)) {
        record(refused->reason);
      } else {
        peers_.note_closed(std::get<ConnectionClosed>(event).connection);
      }
    }
  }

  // Takes in packets; true when none is left.
  bool hear() {
    auto packets = receive_packets(socket_);
    const std::lock_guard lock(mutex_);
    for (auto& packet : packets) hear(packet);
    if (!packets.empty()) changed_.notify_all();
    return packets.size() < packets_per_turn;
  }

  void hear(OpenedPacket& opened) {
    auto& [packet, message, fault] = opened;
    Peer& peer = peers_[packet.rank];
    if (packet.routing_id != peer.routing_id) return admit(packet, message.value_or(Message{}));
    if (peer.state != PeerState::live) return;
    if (!message) return lose(packet.rank, fault);
    peer.last_heard = ControlClock::now();
    take_in(packet.rank, std::move(*message));
  }

  void take_in(int rank, Message message) {
    Peer& peer = peers_[rank];
    try {
      enter(message, peer.ledger);
    } catch (const ControlError& error) {
      return lose(rank, error.what());
    }
    if (is_users(message)) {
      inbox_.push_back({rank, std::move(message)});
    } else if (message.type == wire::goodbye) {
      peer.state = PeerState::gone;
    }
  }

  // A connection that has proved a rank's key, but is not the rank's, speaks.
  void admit(const Packet& packet, const Message& hello) {
    const auto objection = closing_ ? "the channel is closed" : peers_.objection(packet.rank, hello);
    if (!objection.empty()) {
      record(objection);
      return dismiss(packet.routing_id, objection);
    }
    Peer& peer = peers_[packet.rank];
    peer.state = PeerState::live;
    peer.routing_id = packet.routing_id;
    peer.connection = packet.connection;
    peer.last_heard = ControlClock::now();
    deliver(packet.rank, seal_wire(wire::welcome, peer.ledger));
    changed_.notify_all();
  }

  void dismiss(const std::string& routing_id, const std::string& reason) {
    socket_.send(routing_id, encode({.type = std::string(wire::refused), .body = {{"reason", reason}}}));
  }

  void record(const std::string& refusal) {
    if (refusals_.size() >= refusals_kept) return;
    refusals_.push_back(refusal);
    log_.warning("control connection refused: {}", refusal);
  }

  void lose(int rank, const std::string& reason) {
    if (peers_[rank].state != PeerState::live) return;
    mark_lost(rank, reason);
    dismiss(peers_[rank].routing_id, reason);  // should it be alive after all, it learns so
  }

  void mark_lost(int rank, const std::string& reason) {
    Peer& peer = peers_[rank];
    peer.state = closing_ ? PeerState::gone : PeerState::lost;
    peer.loss = reason;
    peer.connection = -1;
    if (!closing_) inbox_.push_back({rank, PeerLost{reason}});
    changed_.notify_all();
  }

  void deliver(int rank, const std::vector<std::uint8_t>& bytes) {
    if (socket_.send(peers_[rank].routing_id, bytes)) return;
    // A loss in the next turn, when what the rank said before it went has been heard.
    peers_[rank].connection_closed = true;
    socket_.wake();
  }

  void transmit() {
    for (const auto& [rank, bytes] : std::exchange(outbox_, {})) {
      Peer& peer = peers_[rank];
      if (peer.state != PeerState::live) continue;
      if (!bytes.empty()) peer.ledger.transmit();
      deliver(rank, bytes.empty() ? seal_wire(wire::heartbeat, peer.ledger) : bytes);
    }
  }

  // Heartbeats, and who has none.
  void watch() {
    if (pulse_.stood_still()) {
      for (const int rank : peers_.in(PeerState::live)) peers_[rank].last_heard = ControlClock::now();
    }
    if (!pulse_.beat()) return;
    for (const int rank : peers_.in(PeerState::live)) {
      if (const auto quiet = silence(peers_[rank].last_heard, config_.silence_limit)) {
        lose(rank, *quiet);
      } else {
        deliver(rank, seal_wire(wire::heartbeat, peers_[rank].ledger));
      }
    }
  }

  void announce_end() {
    announced_ = true;
    for (const int rank : peers_.in(PeerState::live)) deliver(rank, seal_wire(wire::close, peers_[rank].ledger));
    changed_.notify_all();
  }

  const ControlConfig config_;
  const Logger log_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Peers peers_;
  std::deque<Outgoing> outbox_;
  std::deque<Incoming> inbox_;
  std::vector<std::string> refusals_;
  bool closing_ = false;    // close() was called
  bool announced_ = false;  // and the ranks were told
  bool stopping_ = false;
  Pulse pulse_{config_};
  ControlSocket socket_;
  const std::string endpoint_;
  std::thread thread_;  // last: it uses all of the above
};

ControlServer::ControlServer(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
ControlServer::~ControlServer() = default;
std::string ControlServer::endpoint() const { return impl_->endpoint(); }
std::int64_t ControlServer::moved_bytes() const { return impl_->moved_bytes(); }
void ControlServer::wait_for_ranks(std::chrono::milliseconds timeout) { impl_->wait_for_ranks(timeout); }
void ControlServer::send(const std::vector<int>& ranks, const Message& message) { impl_->send(ranks, message); }
std::optional<Incoming> ControlServer::receive(std::chrono::milliseconds timeout) { return impl_->receive(timeout); }
std::vector<std::string> ControlServer::refusals() const { return impl_->refusals(); }
void ControlServer::close(std::chrono::milliseconds timeout) { impl_->close(timeout); }

}  // namespace ballast
