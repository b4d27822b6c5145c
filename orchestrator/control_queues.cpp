#include "orchestrator/control_queues.h"

namespace ballast {

void ControlQueues::append(const std::vector<Command>& commands) {
  for (const auto& command : commands) server_.send(command.ranks, {.type = "command", .body = command});
}

std::optional<std::variant<RankEvent, RankLost>> ControlQueues::next(std::chrono::milliseconds timeout) {
  auto incoming = server_.receive(timeout);
  if (!incoming) return std::nullopt;
  if (const auto* lost = std::get_if<PeerLost>(&incoming->what)) return RankLost{incoming->rank, lost->reason};
  const auto& message = std::get<Message>(incoming->what);
  return RankEvent{incoming->rank, message.body.get<Event>()};
}

}  // namespace ballast
