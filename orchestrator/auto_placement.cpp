#include "orchestrator/auto_placement.h"

#include <algorithm>
#include <bit>

namespace ballast {
namespace {

// Roles that share ranks, as many as the one with the most shards needs.
using RolesOfSeat = std::vector<Role>;

int width_of(const RolesOfSeat& seat, const PlacementRequest& request) {
  int width = 1;
  for (const Role role : seat) width = std::max(width, request.shards_of(role));
  return width;
}

int width_of(const std::vector<RolesOfSeat>& seats, const PlacementRequest& request) {
  int width = 0;
  for (const auto& seat : seats) width += width_of(seat, request);
  return width;
}

// One for each role, or fewer where the ranks do not suffice.
std::vector<RolesOfSeat> seats_of(const PlacementRequest& request) {
  std::vector<RolesOfSeat> seats;
  for (const Role role : request.roles) seats.push_back({role});
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
  while (width_of(seats, request) > request.world_size) {
    merge_last_two_that(is_frozen) || merge_last_two_that([](Role r) { return !is_frozen(r) && r != Role::Actor; }) ||
        merge_last_two_that([](Role r) { return r != Role::Actor; }) || merge_last_two_that([](Role) { return true; });
  }
  return seats;
}

// Of the ranks of a seat, roles with fewer shards than it has ranks take different ones in turn.
Placement on_seats(const std::vector<RolesOfSeat>& seats, const PlacementRequest& request) {
  Placement placement;
  int first = 0;
  for (const auto& seat : seats) {
    const int width = width_of(seat, request);
    int next = 0;
    for (const Role role : seat) {
      const int shards = request.shards_of(role);
      if (next + shards > width) next = 0;
      placement[role] = Layout(ranks_from(first + next, shards), shards);
      next += shards;
    }
    first += width;
  }
  return placement;
}

// The most replicas that the lanes can be dealt to.
int learning_replicas(int room, const PlacementRequest& request) {
  return static_cast<int>(std::bit_floor(static_cast<unsigned>(std::min(room, std::max(1, request.gradient_lanes)))));
}

// How many replicas each role gets where every role has ranks of its own.
std::map<Role, int> replica_counts(const PlacementRequest& request) {
  std::map<Role, int> counts;
  int spare = request.world_size;
  for (const Role role : request.roles) {
    counts[role] = 1;
    spare -= request.shards_of(role);
  }
  const int actor_shards = request.shards_of(Role::Actor);
  counts[Role::Actor] = learning_replicas(1 + spare / actor_shards, request);
  spare -= (counts[Role::Actor] - 1) * actor_shards;
  for (bool given = true; given;) {
    given = false;
    for (const Role role : request.roles) {
      const int shards = request.shards_of(role);
      if (!is_frozen(role) || shards > spare) continue;
      ++counts[role];
      spare -= shards;
      given = true;
    }
  }
  return counts;
}

}  // namespace

Placement auto_placement(const PlacementRequest& request) {
  if (request.roles.size() == 1) {
    const Role role = request.roles.front();
    const int shards = request.shards_of(role);
    const int replicas = learning_replicas(request.world_size / shards, request);
    return {{role, Layout(ranks_from(0, replicas * shards), shards)}};
  }
  const auto seats = seats_of(request);
  if (seats.size() < request.roles.size()) return on_seats(seats, request);
  Placement placement;
  int first = 0;
  const auto counts = replica_counts(request);
  for (const Role role : request.roles) {
    const int ranks = counts.at(role) * request.shards_of(role);
    placement[role] = Layout(ranks_from(first, ranks), request.shards_of(role));
    first += ranks;
  }
  return placement;
}

}  // namespace ballast
