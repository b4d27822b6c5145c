// A rank's end: one thread moves messages between the socket and the mailboxes, sends the heartbeats and watches over
// the orchestrator. `mutex_` guards all that both this thread and the callers touch.
#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "comm/control_end.h"
#include "comm/control_reach.h"
#include "comm/control_socket.h"
#include "comm/control_wire.h"

namespace ballast {
namespace {

std::string reason_in(const nlohmann::json& body) {
  const bool given = body.is_object() && body.contains("reason") && body["reason"].is_string();
  return "the orchestrator says: " + (given ? body["reason"].get<std::string>() : "no reason given");
}

}  // namespace

class ControlClient::Impl {
 public:
  explicit Impl(Options options)
      : config_(options.config),
        rank_(options.rank),
        endpoints_(std::move(options.endpoints)),
        ledger_(config_.unacknowledged_limit),
        socket_(ControlSocket::Connect{options.keys, options.server_key}),
        thread_([this] { run(); }) {}

  ~Impl() { close(std::chrono::seconds(1)); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void wait_for_welcome() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return state_ != State::connecting || stopping_; });
    if (state_ == State::lost) throw ControlError(loss_);
  }

  void send(const Message& message) {
    {
      const std::lock_guard lock(mutex_);
      if (state_ == State::ended) return;
      try {
        if (state_ == State::lost) throw ControlError(loss_);
        if (stopping_) throw ControlError("the channel is closed");
        outbox_.push_back(seal(encode_users(message), ledger_));
      } catch (const ControlError& error) {
        throw ControlError(fmt::format("cannot send to the orchestrator: {}", error.what()));
      }
    }
    socket_.wake();
  }

  std::optional<std::variant<Message, PeerLost>> receive(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [this] {
      return !inbox_.empty() || state_ == State::lost || state_ == State::ended || stopping_;
    });
    if (!inbox_.empty()) {
      Message message = std::move(inbox_.front());
      inbox_.pop_front();
      if (ledger_.take()) {
        heartbeat_due_ = true;
        socket_.wake();
      }
      return message;
    }
    if (state_ == State::lost) return PeerLost{loss_};
    return std::nullopt;
  }

  bool closed_by_server() const {
    const std::lock_guard lock(mutex_);
    return state_ == State::ended;
  }

  void close(std::chrono::milliseconds timeout) {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      leave_by_ = ControlClock::now() + timeout;
    }
    changed_.notify_all();
    if (!thread_.joinable()) return;
    socket_.wake();
    thread_.join();
    // To a lost orchestrator nothing can leave.
    socket_.close(state_ == State::lost ? std::chrono::milliseconds(0) : timeout);
  }

 private:
  enum class State : std::uint8_t { connecting, live, lost, ended };

  // From here on everything runs in the thread that owns the socket.

  void run() {
    try {
      const auto no_way = reach({.socket = socket_, .endpoints = endpoints_, .config = config_, .given_up = [this] {
                                   const std::lock_guard lock(mutex_);
                                   return stopping_ && ControlClock::now() >= leave_by_;
                                 }});
      if (no_way) {
        const std::lock_guard lock(mutex_);
        return lose(*no_way);
      }
      greet();
      while (turn()) {
      }
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      lose(fmt::format("the control channel failed: {}", error.what()));
    }
  }

  void greet() {
    auto body = ledger_.balance();
    body["rank"] = rank_;
    socket_.send({}, encode({.type = std::string(wire::hello), .body = std::move(body)}));
  }

  // False when there is nothing left to do: stopped, lost or ended.
  bool turn() {
    socket_.wait(pulse_.until_beat());
    note_events();
    const bool heard_all = hear();
    const std::lock_guard lock(mutex_);
    // Only now: what the orchestrator said before it went has been heard.
    if (heard_all && !disconnection_.empty()) lose(disconnection_);
    if (state_ == State::lost) return false;
    transmit();
    if (state_ == State::ended) socket_.send({}, seal_wire(wire::goodbye, ledger_));
    if (state_ == State::ended || stopping_) return false;
    watch();
    return state_ != State::lost;
  }

  void note_events() {
    for (const auto& event : socket_.events()) {
      if (!disconnection_.empty()) continue;  // the first one is the cause
      if (std::holds_alternative<ConnectionMade>(event)) continue;
      const auto* refused = std::get_if<ConnectionRefused>(&event);
      disconnection_ =
          refused != nullptr ? fmt::format("connection refused: {}", refused->reason) : "connection closed";
    }
  }

  // Takes in packets; true when none is left.
  bool hear() {
    auto packets = receive_packets(socket_);
    const std::lock_guard lock(mutex_);
    for (auto& [packet, message, fault] : packets) {
      if (state_ == State::lost) break;
      if (message)
        take_in(std::move(*message));
      else
        lose(fault);
    }
    return packets.size() < packets_per_turn;
  }

  void take_in(Message message) {
    last_heard_ = ControlClock::now();
    try {
      if (message.type == wire::refused) throw ControlError(reason_in(message.body));
      enter(message, ledger_);
    } catch (const ControlError& error) {
      return lose(error.what());
    }
    if (is_users(message)) inbox_.push_back(std::move(message));
    if (message.type == wire::welcome) state_ = State::live;
    if (message.type == wire::close) state_ = State::ended;
    changed_.notify_all();
  }

  void lose(const std::string& reason) {
    if (state_ == State::ended) return;
    state_ = State::lost;
    loss_ = reason;
    changed_.notify_all();
  }

  void transmit() {
    for (const auto& bytes : std::exchange(outbox_, {})) {
      ledger_.transmit();
      socket_.send({}, bytes);
    }
    if (std::exchange(heartbeat_due_, false)) socket_.send({}, seal_wire(wire::heartbeat, ledger_));
  }

  // A heartbeat, and whether the orchestrator has one.
  void watch() {
    if (pulse_.stood_still()) last_heard_ = ControlClock::now();
    if (!pulse_.beat()) return;
    const bool welcome = state_ == State::live;
    if (const auto quiet = silence(last_heard_, welcome ? config_.silence_limit : config_.welcome_limit)) {
      lose(*quiet);
    } else {
      socket_.send({}, seal_wire(wire::heartbeat, ledger_));
    }
  }

  const ControlConfig config_;
  const int rank_;
  const std::vector<std::string> endpoints_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::connecting;
  std::string loss_;  // why, when lost
  Ledger ledger_;
  std::deque<std::vector<std::uint8_t>> outbox_;  // sealed
  std::deque<Message> inbox_;
  bool heartbeat_due_ = false;  // ahead of time
  bool stopping_ = false;
  ControlClock::time_point leave_by_;  // when stopping before the orchestrator was reached
  Pulse pulse_{config_};
  ControlClock::time_point last_heard_ = ControlClock::now();
  std::string disconnection_;  // why, once the socket has seen it
  ControlSocket socket_;
  std::thread thread_;  // last: it uses all of the above
};

ControlClient::ControlClient(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
ControlClient::~ControlClient() = default;
void ControlClient::wait_for_welcome() { impl_->wait_for_welcome(); }
void ControlClient::send(const Message& message) { impl_->send(message); }
std::optional<std::variant<Message, PeerLost>> ControlClient::receive(std::chrono::milliseconds timeout) {
  return impl_->receive(timeout);
}
bool ControlClient::closed_by_server() const { return impl_->closed_by_server(); }
void ControlClient::close(std::chrono::milliseconds timeout) { impl_->close(timeout); }

}  // namespace ballast
