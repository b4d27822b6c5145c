// A rank's way to the orchestrator, which may have several addresses.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "comm/control_channel.h"
#include "comm/control_socket.h"

namespace ballast {

struct Reach {
  ControlSocket& socket;
  const std::vector<std::string>& endpoints;
  ControlConfig config;
  std::function<bool()> given_up;  // asked ten times a second
};

// Tries the endpoints in their order, again and again, until the orchestrator has proved its key at one of them: a port
// that somebody else answers at is no way. Returns nothing then; else why there is no way, with all that was tried:
// `config.welcome_limit` has passed, every endpoint has refused, or it was given up.
std::optional<std::string> reach(const Reach& to);

}  // namespace ballast
