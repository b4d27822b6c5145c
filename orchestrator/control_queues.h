// RankQueues over the control channel.
#pragma once
#include "comm/control_channel.h"
#include "orchestrator/rank_queues.h"

namespace ballast {

class ControlQueues : public RankQueues {
 public:
  explicit ControlQueues(ControlServer& server) : server_(server) {}
  void append(const std::vector<Command>& commands) override;
  std::optional<std::variant<RankEvent, RankLost>> next(std::chrono::milliseconds timeout) override;
  std::int64_t moved_bytes() const override { return server_.moved_bytes(); }

 private:
  ControlServer& server_;  // outlives this
};

}  // namespace ballast
