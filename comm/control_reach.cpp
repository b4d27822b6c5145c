#include "comm/control_reach.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "comm/control_end.h"

namespace ballast {
namespace {

// How often to ask whether it was given up, and how long to rest before the same endpoints are tried again.
constexpr auto pause = std::chrono::milliseconds(100);

enum class Answer : std::uint8_t { none, yes, unreachable, refused };

struct Attempt {
  Answer answer = Answer::none;
  std::string reason;
};

Attempt attempt_of(const ConnectionEvent& event) {
  if (std::holds_alternative<ConnectionMade>(event)) return {Answer::yes, ""};
  if (std::holds_alternative<ConnectionFailed>(event)) return {Answer::unreachable, "cannot be reached"};
  if (const auto* refused = std::get_if<ConnectionRefused>(&event))
    return {Answer::refused, fmt::format("connection refused: {}", refused->reason)};
  return {Answer::refused, "connection closed"};
}

Attempt try_endpoint(const Reach& to, const std::string& endpoint, ControlClock::time_point end) {
  to.socket.connect(endpoint);
  const auto begin = ControlClock::now();
  while (ControlClock::now() < end && !to.given_up()) {
    to.socket.wait(pause);
    for (const auto& event : to.socket.events()) return attempt_of(event);
  }
  const auto waited = std::chrono::duration<double>(ControlClock::now() - begin).count();
  return {Answer::none, fmt::format("no answer within {:.1f} s", waited)};
}

}  // namespace

std::optional<std::string> reach(const Reach& to) {
  const auto end = ControlClock::now() + to.config.welcome_limit;
  const auto at_end = [&] { return ControlClock::now() >= end || to.given_up(); };
  std::vector<Attempt> attempts(to.endpoints.size(), {Answer::none, "not tried"});
  while (true) {
    for (std::size_t i = 0; i < attempts.size() && !at_end(); ++i) {
      attempts[i] = try_endpoint(to, to.endpoints[i], std::min(end, ControlClock::now() + to.config.endpoint_limit));
      if (attempts[i].answer == Answer::yes) return std::nullopt;
    }
    if (at_end() || std::ranges::count(attempts, Answer::refused, &Attempt::answer) == std::ssize(attempts)) break;
    to.socket.wait(pause);
  }
  std::vector<std::string> tried;
  for (std::size_t i = 0; i < attempts.size(); ++i)
    tried.push_back(fmt::format("{} ({})", to.endpoints[i], attempts[i].reason));
  return fmt::format("no way to the orchestrator; tried {}", fmt::join(tried, ", "));
}

}  // namespace ballast
