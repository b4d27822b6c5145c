#include "workers/control_inbox.h"

#include <chrono>
#include <utility>

namespace ballast {

ControlInbox::ControlInbox(ControlClient& control, std::function<void(const std::string&)> on_lost)
    : control_(control), on_lost_(std::move(on_lost)), listener_([this] { listen(); }) {}

ControlInbox::~ControlInbox() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  listener_.join();
}

void ControlInbox::listen() {
  while (true) {
    const auto incoming = control_.receive(std::chrono::milliseconds(200));
    const bool in_order = control_.closed_by_server();
    if (incoming && std::holds_alternative<PeerLost>(*incoming) && !in_order) {
      on_lost_(std::get<PeerLost>(*incoming).reason);
    }
    const std::lock_guard lock(mutex_);
    if (incoming && std::holds_alternative<Message>(*incoming)) {
      queue_.push_back(std::get<Message>(*incoming).body.get<Command>());
    } else if (incoming || in_order) {
      closed_ = true;
    }
    arrived_.notify_all();
    if (closed_) return;
  }
}

std::optional<Command> ControlInbox::next() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return closed_ || !queue_.empty(); });
  if (queue_.empty()) return std::nullopt;
  Command command = std::move(queue_.front());
  queue_.pop_front();
  last_command_ = describe(command);
  return command;
}

void ControlInbox::report(const Event& event) { control_.send({.type = "event", .body = event}); }

std::string ControlInbox::last_command() const {
  const std::lock_guard lock(mutex_);
  return last_command_;
}

}  // namespace ballast
