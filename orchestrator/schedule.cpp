#include "orchestrator/schedule.h"

#include <algorithm>
#include <utility>

namespace ballast {

void Schedule::record(Command command) {
  std::ranges::sort(command.ranks);
  recorded_.push_back(std::move(command));
}

std::vector<Command> Schedule::take() {
  const auto is_fence = [](const Command& command) { return command.micro_batch == Command::whole_batch; };
  for (auto begin = recorded_.begin(); begin != recorded_.end();) {
    const auto end = std::find_if(begin, recorded_.end(), is_fence);
    std::ranges::stable_sort(begin, end, {}, &Command::micro_batch);
    begin = end == recorded_.end() ? end : std::next(end);
  }
  for (auto& command : recorded_) command.number = next_number_++;
  return std::exchange(recorded_, {});
}

}  // namespace ballast
