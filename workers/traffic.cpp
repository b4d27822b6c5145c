#include "workers/traffic.h"

#include <utility>

namespace ballast {

Traffic::Traffic(Communicator& world, std::map<Role, RoleGroups> groups) : groups_(std::move(groups)), world_(world) {
  for (const auto& [role, group] : groups_) {
    if (group.replicas) replicas_.try_emplace(role, *group.replicas);
    if (group.shards) shards_.try_emplace(role, *group.shards);
  }
}

Communicator* Traffic::replicas(Role role) {
  const auto entry = replicas_.find(role);
  return entry == replicas_.end() ? nullptr : &entry->second.counting;
}

Communicator* Traffic::shards(Role role) {
  const auto entry = shards_.find(role);
  return entry == shards_.end() ? nullptr : &entry->second.counting;
}

std::map<std::string, std::int64_t> Traffic::take(const Command& command) {
  const bool saves = std::holds_alternative<Save>(command.body);
  const bool generates = std::holds_alternative<Generate>(command.body);
  std::map<std::string, std::int64_t> kinds;
  const auto add = [&](const char* kind, std::int64_t bytes) {
    if (bytes > 0) kinds[saves ? "saving" : kind] += bytes;
  };
  add("transfer", std::exchange(world_.moved, {}).total());
  for (auto& [role, group] : replicas_) {
    const auto moved = std::exchange(group.moved, {});
    add("gradients", moved.reduced + moved.copied);
    add("parameters", moved.gathered);
  }
  for (auto& [role, group] : shards_) {
    add(generates ? "generation" : "tensor_parallel", std::exchange(group.moved, {}).total());
  }
  return kinds;
}

}  // namespace ballast
