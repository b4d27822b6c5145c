// Layouts on random ranks of a random world, which overlap as they like.
#pragma once
#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "workers/role.h"

namespace ballast {

class RandomLayouts {
 public:
  RandomLayouts(std::uint64_t seed, int smallest_world, int largest_world)
      : random_(seed), world_(smallest_world + pick(largest_world - smallest_world + 1)) {}

  int pick(int end) { return static_cast<int>(random_() % static_cast<std::uint64_t>(end)); }
  int world() const { return world_; }
  std::vector<int> all() const {
    std::vector<int> ranks(static_cast<std::size_t>(world_));
    std::iota(ranks.begin(), ranks.end(), 0);
    return ranks;
  }

  Layout layout() {
    auto ranks = all();
    std::ranges::shuffle(ranks, random_);
    const int shards = 1 + pick(world_);
    const int replicas = 1 + pick(world_ / shards);
    ranks.resize(static_cast<std::size_t>(shards * replicas));
    return {ranks, shards};
  }
  Placement placement() {
    Placement placement;
    for (const auto& [role, name] : role_names) placement[role] = layout();
    return placement;
  }
  std::vector<std::string> hosts() {
    std::vector<std::string> names;
    for (int rank = 0; rank < world_; ++rank) names.push_back("node" + std::to_string(pick(3)));
    return names;
  }

 private:
  std::mt19937_64 random_;
  int world_;
};

}  // namespace ballast
