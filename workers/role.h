// The roles that ranks play, and the table that says which ranks play which.
#pragma once
#include <array>
#include <cstdint>
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

// Role -> world ranks. More than one rank: data-parallel replicas; micro-batch i belongs to replica i mod size.
using Placement = std::map<Role, std::vector<int>>;

}  // namespace ballast
