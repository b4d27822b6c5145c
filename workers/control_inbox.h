// The command queue of a real rank, filled from the control channel by a thread of its own, which notices a lost
// orchestrator whatever the rank computes.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "comm/control_channel.h"
#include "workers/command_source.h"

namespace ballast {

class ControlInbox : public CommandSource {
 public:
  // `on_lost` is called from the inbox's thread, with the reason, when the orchestrator is gone without goodbye.
  // `control` outlives the inbox.
  ControlInbox(ControlClient& control, std::function<void(const std::string&)> on_lost);
  ~ControlInbox() override;

  std::optional<Command> next() override;
  void report(const Event& event) override;
  // The command that `next` handed out last, as text, from any thread.
  std::string last_command() const;

 private:
  void listen();

  ControlClient& control_;
  std::function<void(const std::string&)> on_lost_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Command> queue_;
  std::string last_command_ = "none";
  bool closed_ = false;
  std::thread listener_;
};

}  // namespace ballast
