#include "comm/control_socket.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <zmq.hpp>
#include <zmq_addon.hpp>

#include "comm/control_zap.h"

namespace ballast {
namespace {

constexpr auto monitor_endpoint = "inproc://monitor";
constexpr auto zap_endpoint = "inproc://zeromq.zap.01";
constexpr int handshake_failures =
    ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

// RAII of the descriptor by which other threads interrupt wait().
class WakeUp {
 public:
  WakeUp() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0) throw ControlError(fmt::format("eventfd: {}", std::strerror(errno)));
  }
  ~WakeUp() { ::close(descriptor_); }
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  int descriptor() const { return descriptor_; }
  void ring() const { eventfd_write(descriptor_, 1); }
  void silence() const {
    eventfd_t rings = 0;
    eventfd_read(descriptor_, &rings);
  }

 private:
  int descriptor_;
};

std::vector<std::string> receive_frames(zmq::socket_t& socket) {
  std::vector<zmq::message_t> parts;
  if (!zmq::recv_multipart(socket, std::back_inserter(parts), zmq::recv_flags::dontwait)) return {};
  std::vector<std::string> frames;
  for (const auto& part : parts) frames.push_back(part.to_string());
  return frames;
}

// One thread encrypts and sends some 40,000 messages a second.
int io_threads_for(std::size_t ranks) {
  constexpr std::size_t ranks_per_thread = 256;
  constexpr std::size_t most = 4;
  return static_cast<int>(std::clamp<std::size_t>(ranks / ranks_per_thread, 1, most));
}

// Layout of the first frame of a monitor event: 16 bits event, 32 bits value, native byte order.
std::optional<ConnectionEvent> parse_event(const std::string& frame) {
  std::uint16_t event = 0;
  std::int32_t value = 0;
  if (frame.size() != sizeof event + sizeof value) return std::nullopt;
  std::memcpy(&event, frame.data(), sizeof event);
  std::memcpy(&value, frame.data() + sizeof event, sizeof value);
  switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      return ConnectionMade{};
    case ZMQ_EVENT_CONNECT_RETRIED:
      return ConnectionFailed{};
    case ZMQ_EVENT_DISCONNECTED:
      return ConnectionClosed{value};
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      return ConnectionRefused{fmt::format("the key was not admitted (status {})", value)};
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      if (value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH) return ConnectionRefused{"the peer does not use CURVE"};
      return ConnectionRefused{fmt::format("the peer broke the handshake's protocol (code {:#x})", value)};
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      return ConnectionRefused{"the connection ended within the handshake"};
    default:
      return std::nullopt;
  }
}

}  // namespace

CurveKeyPair CurveKeyPair::generate() {
  constexpr std::size_t text_bytes = 41;
  std::array<char, text_bytes> public_key{};
  std::array<char, text_bytes> secret_key{};
  if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) {
    throw ControlError(fmt::format("cannot make a CURVE key pair: {}", zmq_strerror(zmq_errno())));
  }
  return {public_key.data(), secret_key.data()};
}

class ControlSocket::Impl {
 public:
  explicit Impl(const Listen& options)
      : context_(io_threads_for(options.rank_keys.size())),
        socket_(context_, zmq::socket_type::router),
        keys_(KeyRing(options.rank_keys)) {
    set_up(options.keys);
    socket_.set(zmq::sockopt::curve_server, true);
    socket_.set(zmq::sockopt::router_mandatory, true);
    socket_.set(zmq::sockopt::zap_domain, "ballast");
    socket_.set(zmq::sockopt::backlog, 4096);
    // Before the first connection: without a ZAP socket libzmq admits every key.
    zap_ = zmq::socket_t(context_, zmq::socket_type::rep);
    zap_.bind(zap_endpoint);
    // Refused keys are heard of in the ZAP request.
    watch(ZMQ_EVENT_DISCONNECTED | (handshake_failures & ~ZMQ_EVENT_HANDSHAKE_FAILED_AUTH));
    socket_.bind(options.bind);
  }

  explicit Impl(const Connect& options) : socket_(context_, zmq::socket_type::dealer) {
    set_up(options.keys);
    socket_.set(zmq::sockopt::curve_serverkey, options.server_key);
    watch(ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | handshake_failures);
  }

  void connect(const std::string& endpoint) {
    if (!connected_to_.empty()) socket_.disconnect(connected_to_);
    connected_to_.clear();
    events();  // those of the endpoint before
    socket_.connect(endpoint);
    connected_to_ = endpoint;
  }

  std::string endpoint() const { return socket_.get(zmq::sockopt::last_endpoint); }

  void wait(std::chrono::milliseconds timeout) {
    std::vector<zmq::pollitem_t> items{{nullptr, wake_up_.descriptor(), ZMQ_POLLIN, 0},
                                       {socket_.handle(), 0, ZMQ_POLLIN, 0},
                                       {monitor_.handle(), 0, ZMQ_POLLIN, 0}};
    if (keys_) items.push_back({zap_.handle(), 0, ZMQ_POLLIN, 0});
    try {
      zmq::poll(items, timeout);
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) throw;
    }
    wake_up_.silence();
  }

  void wake() const { wake_up_.ring(); }

  std::vector<ConnectionEvent> events() {
    std::vector<ConnectionEvent> events;
    if (keys_) answer_zap(events);
    for (auto frames = receive_frames(monitor_); !frames.empty(); frames = receive_frames(monitor_)) {
      if (auto event = parse_event(frames.front())) events.push_back(std::move(*event));
    }
    return events;
  }

  std::optional<Packet> receive() {
    std::vector<zmq::message_t> parts;
    if (!zmq::recv_multipart(socket_, std::back_inserter(parts), zmq::recv_flags::dontwait)) return std::nullopt;
    auto& payload = parts.back();
    moved_bytes_ += static_cast<std::int64_t>(payload.size());
    const auto* begin = payload.data<std::uint8_t>();
    Packet packet{.connection = payload.get(ZMQ_SRCFD), .bytes = {begin, begin + payload.size()}};
    if (keys_) {
      packet.routing_id = parts.front().to_string();
      packet.rank = std::stoi(payload.gets("User-Id"));  // written by KeyRing::judge
    }
    return packet;
  }

  bool send(const std::string& routing_id, const std::vector<std::uint8_t>& bytes) {
    try {
      if (keys_) socket_.send(zmq::buffer(routing_id), zmq::send_flags::sndmore);
      socket_.send(zmq::buffer(bytes), zmq::send_flags::none);
    } catch (const zmq::error_t& error) {
      if (error.num() == EHOSTUNREACH) return false;
      throw;
    }
    moved_bytes_ += static_cast<std::int64_t>(bytes.size());
    return true;
  }

  std::int64_t moved_bytes() const { return moved_bytes_; }

  void close(std::chrono::milliseconds linger) {
    if (!socket_) return;
    socket_.set(zmq::sockopt::linger, static_cast<int>(linger.count()));
    zmq_socket_monitor(socket_.handle(), nullptr, 0);
    monitor_.close();
    socket_.close();
    zap_.close();
    context_.close();  // waits for what lingers
  }

 private:
  void set_up(const CurveKeyPair& keys) {
    socket_.set(zmq::sockopt::curve_publickey, keys.public_key);
    socket_.set(zmq::sockopt::curve_secretkey, keys.secret_key);
    // High-water marks drop or block in silence; the ledger bounds what is under way.
    socket_.set(zmq::sockopt::sndhwm, 0);
    socket_.set(zmq::sockopt::rcvhwm, 0);
    socket_.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(max_message_bytes));
    socket_.set(zmq::sockopt::linger, 0);
  }

  void watch(int events) {
    if (zmq_socket_monitor(socket_.handle(), monitor_endpoint, events) != 0) throw zmq::error_t();
    monitor_ = zmq::socket_t(context_, zmq::socket_type::pair);
    monitor_.set(zmq::sockopt::linger, 0);
    monitor_.connect(monitor_endpoint);
  }

  void answer_zap(std::vector<ConnectionEvent>& events) {
    for (auto request = receive_frames(zap_); !request.empty(); request = receive_frames(zap_)) {
      const auto verdict = keys_->judge(request);
      std::vector<zmq::const_buffer> reply;
      for (const auto& frame : verdict.reply) reply.push_back(zmq::buffer(frame));
      zmq::send_multipart(zap_, reply);
      if (!verdict.refusal.empty()) events.emplace_back(ConnectionRefused{verdict.refusal});
    }
  }

  zmq::context_t context_;
  zmq::socket_t socket_;
  zmq::socket_t monitor_;
  zmq::socket_t zap_;            // orchestrator only
  std::optional<KeyRing> keys_;  // orchestrator only
  std::string connected_to_;     // rank only
  WakeUp wake_up_;
  std::atomic<std::int64_t> moved_bytes_ = 0;
};

ControlSocket::ControlSocket(const Listen& options) try : impl_(std::make_unique<Impl>(options)) {
} catch (const zmq::error_t& error) {
  throw ControlError(fmt::format("cannot listen on {}: {}", options.bind, error.what()));
}

ControlSocket::ControlSocket(const Connect& options) try : impl_(std::make_unique<Impl>(options)) {
} catch (const zmq::error_t& error) {
  throw ControlError(fmt::format("cannot make a socket with these keys: {}", error.what()));
}

ControlSocket::~ControlSocket() { close(std::chrono::milliseconds(0)); }
std::string ControlSocket::endpoint() const { return impl_->endpoint(); }
void ControlSocket::connect(const std::string& endpoint) try {
  impl_->connect(endpoint);
} catch (const zmq::error_t& error) {
  throw ControlError(fmt::format("cannot connect to {}: {}", endpoint, error.what()));
}
void ControlSocket::wait(std::chrono::milliseconds timeout) { impl_->wait(timeout); }
void ControlSocket::wake() { impl_->wake(); }
std::vector<ConnectionEvent> ControlSocket::events() { return impl_->events(); }
std::optional<Packet> ControlSocket::receive() { return impl_->receive(); }
bool ControlSocket::send(const std::string& routing_id, const std::vector<std::uint8_t>& bytes) {
  return impl_->send(routing_id, bytes);
}
std::int64_t ControlSocket::moved_bytes() const { return impl_->moved_bytes(); }
void ControlSocket::close(std::chrono::milliseconds linger) { impl_->close(linger); }

}  // namespace ballast
