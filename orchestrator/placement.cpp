#include "orchestrator/placement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <set>

namespace ballast {
namespace {

bool is_frozen(Role role) { return role == Role::Reference || role == Role::Reward || role == Role::Cost; }

// Fewer ranks than roles. Each inner list shares one rank.
std::vector<std::vector<Role>> shared_seats(const std::vector<Role>& roles, int world_size) {
  std::vector<std::vector<Role>> seats;
  for (const Role role : roles) seats.push_back({role});
  const auto merge_last_two_that = [&](auto predicate) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < seats.size(); ++i) {
      if (std::ranges::all_of(seats[i], predicate)) found.push_back(i);
    }
    if (found.size() < 2) return false;
    const auto last = found.back();
    auto& into = seats[found[found.size() - 2]];
    into.insert(into.end(), seats[last].begin(), seats[last].end());
    seats.erase(seats.begin() + static_cast<std::ptrdiff_t>(last));
    return true;
  };
  while (static_cast<int>(seats.size()) > world_size) {
    merge_last_two_that(is_frozen) || merge_last_two_that([](Role r) { return !is_frozen(r) && r != Role::Actor; }) ||
        merge_last_two_that([](Role r) { return r != Role::Actor; }) || merge_last_two_that([](Role) { return true; });
  }
  return seats;
}

// The most replicas, from rank 0 on, that the lanes can be dealt to.
std::vector<int> learning_ranks(int world_size, int gradient_lanes) {
  const auto replicas = std::bit_floor(static_cast<unsigned>(std::min(world_size, std::max(1, gradient_lanes))));
  std::vector<int> ranks(replicas);
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

// More ranks than roles: how many replicas each role gets.
std::map<Role, int> replica_counts(const std::vector<Role>& roles, int world_size, int gradient_lanes) {
  std::map<Role, int> counts;
  for (const Role role : roles) counts[role] = 1;
  int spare = world_size - static_cast<int>(roles.size());
  const int actors = std::min(1 + spare, std::max(1, gradient_lanes));
  counts[Role::Actor] = static_cast<int>(std::bit_floor(static_cast<unsigned>(actors)));
  spare -= counts[Role::Actor] - 1;
  std::vector<Role> frozen;
  std::ranges::copy_if(roles, std::back_inserter(frozen), is_frozen);
  for (int i = 0; i < spare && !frozen.empty(); ++i) ++counts[frozen[i % frozen.size()]];
  return counts;
}

const std::vector<int>& table_entry(const PlacementConfig& config, Role role) {
  switch (role) {
    case Role::Actor:
      return config.actor;
    case Role::Reference:
      return config.reference;
    case Role::Reward:
      return config.reward;
    case Role::Cost:
      return config.cost;
    case Role::RewardCritic:
      return config.reward_critic;
    case Role::CostCritic:
      return config.cost_critic;
  }
  return config.actor;
}

void check_entry(Role role, const std::vector<int>& ranks, const PlacementRequest& request,
                 std::vector<std::string>& violations) {
  const auto field = fmt::format("placement.{}", to_string(role));
  const bool needed = std::ranges::find(request.roles, role) != request.roles.end();
  if (!needed && !ranks.empty()) violations.push_back(fmt::format("{}: this algorithm has no such role", field));
  if (!needed) return;
  if (ranks.empty())
    violations.push_back(fmt::format("{}: the list of ranks is empty; every role needs at least one", field));
  std::set<int> seen;
  for (const int rank : ranks) {
    if (rank < 0 || rank >= request.world_size) {
      violations.push_back(
          fmt::format("{}: found rank {}; this job has ranks 0 to {}", field, rank, request.world_size - 1));
    }
    if (!seen.insert(rank).second) violations.push_back(fmt::format("{}: rank {} stands there twice", field, rank));
  }
  const bool learns = !is_frozen(role) || request.roles.size() == 1;  // a job's only role is there to learn
  const auto replicas = static_cast<int>(ranks.size());
  if (learns && replicas > 1 && request.gradient_lanes > 1 && request.gradient_lanes % replicas != 0) {
    violations.push_back(fmt::format("{}: found {} replicas; gradient_lanes ({}) must be a multiple of them, or 1",
                                     field, replicas, request.gradient_lanes));
  }
}

}  // namespace

Placement auto_placement(const std::vector<Role>& roles, int world_size, int gradient_lanes) {
  if (roles.size() == 1) return {{roles.front(), Layout(learning_ranks(world_size, gradient_lanes))}};
  Placement placement;
  if (world_size < static_cast<int>(roles.size())) {
    const auto seats = shared_seats(roles, world_size);
    for (std::size_t rank = 0; rank < seats.size(); ++rank) {
      for (const Role role : seats[rank]) placement[role] = {static_cast<int>(rank)};
    }
    return placement;
  }
  int rank = 0;
  const auto counts = replica_counts(roles, world_size, gradient_lanes);
  for (const Role role : roles) {
    std::vector<int> ranks(static_cast<std::size_t>(counts.at(role)));
    std::iota(ranks.begin(), ranks.end(), rank);
    rank += counts.at(role);
    placement[role] = Layout(std::move(ranks));
  }
  return placement;
}

Placement resolve_placement(const PlacementConfig& config, const PlacementRequest& request,
                            std::vector<std::string>& violations) {
  const bool is_auto =
      std::ranges::all_of(role_names, [&](const auto& entry) { return table_entry(config, entry.first).empty(); });
  if (is_auto) return auto_placement(request.roles, request.world_size, request.gradient_lanes);
  Placement placement;
  for (const auto& [role, name] : role_names) {
    check_entry(role, table_entry(config, role), request, violations);
    if (!table_entry(config, role).empty()) placement[role] = Layout(table_entry(config, role));
  }
  return placement;
}

std::string describe(const Placement& placement) {
  std::vector<std::string> entries;
  for (const auto& [role, layout] : placement) {
    entries.push_back(fmt::format("{}: {}", to_string(role), fmt::join(layout.ranks(), ", ")));
  }
  return fmt::format("{}", fmt::join(entries, "; "));
}

std::string roles_of(const Placement& placement, int rank) {
  std::vector<std::string_view> names;
  for (const auto& [role, layout] : placement) {
    if (layout.contains(rank)) names.push_back(to_string(role));
  }
  return names.empty() ? "no role" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace ballast
