// A rank's command queue as the worker sees it.
#pragma once
#include <optional>

#include "workers/commands.h"

namespace ballast {

class CommandSource {
 public:
  virtual ~CommandSource() = default;
  // Waits for the next command, first in, first out; nothing when the orchestrator has closed the channel in order.
  virtual std::optional<Command> next() = 0;
  virtual void report(const Event& event) = 0;
};

}  // namespace ballast
