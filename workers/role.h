// The roles that ranks play, and the table that says which ranks play which.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace ballast {

enum class Role : std::uint8_t { Actor, Reference, Reward, Cost, RewardCritic, CostCritic };

inline constexpr std::array<std::pair<Role, std::string_view>, 6> role_names{{
    {Role::Actor, "actor"},
    {Role::Reference, "reference"},
    {Role::Reward, "reward"},
    {Role::Cost, "cost"},
    {Role::RewardCritic, "reward_critic"},
    {Role::CostCritic, "cost_critic"},
}};
constexpr const auto& enum_names(Role) { return role_names; }

std::string_view to_string(Role role);

// Its model is a language model; else one with a score head.
constexpr bool speaks(Role role) { return role == Role::Actor || role == Role::Reference; }
// Whether the role of an RL job keeps its weights.
constexpr bool is_frozen(Role role) { return role == Role::Reference || role == Role::Reward || role == Role::Cost; }

// first, first + 1, ...
std::vector<int> ranks_from(int first, int count);

// The world ranks of one role and how they share its work: data-parallel replicas of the model, each of them cut into
// tensor-parallel shards. Micro-batch i belongs to replica i mod replicas.
class Layout {
 public:
  Layout() = default;
  // Replica by replica, in each shard by shard. Throws std::invalid_argument when the ranks are no multiple of
  // `shards`.
  Layout(std::vector<int> ranks, int shards = 1);                                // NOLINT: a list of ranks is a layout
  Layout(std::initializer_list<int> ranks) : Layout(std::vector<int>(ranks)) {}  // of whole replicas

  const std::vector<int>& ranks() const { return ranks_; }
  int replicas() const { return static_cast<int>(ranks_.size()) / shards_; }
  int shards() const { return shards_; }
  int rank(int replica, int shard) const { return ranks_.at(static_cast<std::size_t>(replica * shards_ + shard)); }
  bool contains(int rank) const;
  // The shards of one replica, which together hold a model.
  std::vector<int> replica(int index) const;
  // The ranks that hold the same shard, by replica.
  std::vector<int> shard(int index) const;
  bool operator==(const Layout&) const = default;

 private:
  std::vector<int> ranks_;
  int shards_ = 1;
};

using Placement = std::map<Role, Layout>;

}  // namespace ballast
