#include "orchestrator/placement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "orchestrator/auto_placement.h"

namespace ballast {
namespace {

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

// A job's only role has its settings at the top.
std::string shards_field(Role role, const PlacementRequest& request) {
  return request.roles.size() == 1 ? "tensor_parallel" : fmt::format("{}.tensor_parallel", to_string(role));
}

void check_shards(const PlacementRequest& request, std::vector<std::string>& violations) {
  for (const Role role : request.roles) {
    if (request.shards_of(role) <= request.world_size) continue;
    violations.push_back(fmt::format("{}: found {}; this job has {} rank{}", shards_field(role, request),
                                     request.shards_of(role), request.world_size, request.world_size == 1 ? "" : "s"));
  }
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
  const int shards = request.shards_of(role);
  const auto found = static_cast<int>(ranks.size());
  if (found % shards != 0) {
    violations.push_back(fmt::format("{}: found {} ranks; they must be a multiple of {} ({})", field, found,
                                     shards_field(role, request), shards));
  }
  const bool learns = !is_frozen(role) || request.roles.size() == 1;  // a job's only role is there to learn
  const int replicas = found / shards;
  if (learns && replicas > 1 && request.gradient_lanes > 1 && request.gradient_lanes % replicas != 0) {
    violations.push_back(fmt::format("{}: found {} replicas; gradient_lanes ({}) must be a multiple of them, or 1",
                                     field, replicas, request.gradient_lanes));
  }
}

}  // namespace

Placement resolve_placement(const PlacementConfig& config, const PlacementRequest& request,
                            std::vector<std::string>& violations) {
  const auto violations_before = violations.size();
  check_shards(request, violations);
  const bool is_auto =
      std::ranges::all_of(role_names, [&](const auto& entry) { return table_entry(config, entry.first).empty(); });
  for (const auto& [role, name] : role_names) {
    if (!is_auto) check_entry(role, table_entry(config, role), request, violations);
  }
  if (violations.size() > violations_before) return {};
  if (is_auto) return auto_placement(request);
  Placement placement;
  for (const Role role : request.roles) placement[role] = Layout(table_entry(config, role), request.shards_of(role));
  return placement;
}

std::string describe(const Layout& layout) {
  if (layout.shards() == 1) return fmt::format("{}", fmt::join(layout.ranks(), ", "));
  std::vector<std::string> replicas;
  for (int i = 0; i < layout.replicas(); ++i) replicas.push_back(fmt::format("{}", fmt::join(layout.replica(i), ", ")));
  return fmt::format("{} ({} replica{} x {} shards)", fmt::join(replicas, " | "), layout.replicas(),
                     layout.replicas() == 1 ? "" : "s", layout.shards());
}

std::string describe(const Placement& placement) {
  std::vector<std::string> entries;
  for (const auto& [role, layout] : placement) {
    entries.push_back(fmt::format("{}: {}", to_string(role), describe(layout)));
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
