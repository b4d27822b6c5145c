#include "workers/role.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace ballast {

std::string_view to_string(Role role) {
  for (const auto& [value, name] : role_names) {
    if (value == role) return name;
  }
  return "unknown role";
}

std::vector<int> ranks_from(int first, int count) {
  std::vector<int> ranks(static_cast<std::size_t>(count));
  std::iota(ranks.begin(), ranks.end(), first);
  return ranks;
}

Layout::Layout(std::vector<int> ranks, int shards) : ranks_(std::move(ranks)), shards_(shards) {
  if (shards_ < 1 || ranks_.size() % static_cast<std::size_t>(shards_) != 0)
    throw std::invalid_argument("the ranks of a role must be a multiple of its shards");
}

bool Layout::contains(int rank) const { return std::ranges::find(ranks_, rank) != ranks_.end(); }

std::vector<int> Layout::replica(int index) const {
  std::vector<int> members;
  for (int shard = 0; shard < shards_; ++shard) members.push_back(rank(index, shard));
  return members;
}

std::vector<int> Layout::shard(int index) const {
  std::vector<int> members;
  for (int replica = 0; replica < replicas(); ++replica) members.push_back(rank(replica, index));
  return members;
}

}  // namespace ballast
