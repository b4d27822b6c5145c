#include "orchestrator/candidates.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>

#include "orchestrator/auto_placement.h"
#include "orchestrator/role_part.h"

namespace ballast {
namespace {

// Roles that share ranks, and how many ranks that are.
struct Seat {
  std::vector<Role> roles;
  int ranks = 0;
};

// Calls `visit` with every way to seat the roles together: role i joins an earlier seat or opens a new one.
template <typename Visit>
void for_each_seating(const std::vector<Role>& roles, std::size_t next, std::vector<Seat>& seats, const Visit& visit) {
  if (next == roles.size()) return visit(seats);
  for (std::size_t i = 0; i < seats.size(); ++i) {
    seats[i].roles.push_back(roles[next]);
    for_each_seating(roles, next + 1, seats, visit);
    seats[i].roles.pop_back();
  }
  seats.push_back({.roles = {roles[next]}});
  for_each_seating(roles, next + 1, seats, visit);
  seats.pop_back();
}

// Powers of two, and the whole with its halves, ascending.
std::vector<int> sizes_within(std::int64_t ranks) {
  std::set<int> sizes;
  for (std::int64_t size = 1; size <= ranks; size *= 2) sizes.insert(static_cast<int>(size));
  for (std::int64_t size = ranks; size % 2 == 0; size /= 2) sizes.insert(static_cast<int>(size));
  sizes.insert(static_cast<int>(ranks));
  return {sizes.begin(), sizes.end()};
}

// Whether no seat could have its next size as well.
bool is_full(const std::vector<Seat>& seats, const std::vector<int>& sizes, int left) {
  return std::ranges::none_of(seats, [&](const Seat& seat) {
    const auto larger = std::ranges::upper_bound(sizes, seat.ranks);
    return larger != sizes.end() && *larger - seat.ranks <= left;
  });
}

// Calls `visit` with every way to give `left` ranks to the seats from `next` on.
template <typename Visit>
void for_each_sizing(std::vector<Seat>& seats, std::size_t next, const std::vector<int>& sizes, int left,
                     const Visit& visit) {
  if (next == seats.size()) {
    if (is_full(seats, sizes, left)) visit(seats);
    return;
  }
  const auto seats_after = static_cast<int>(seats.size() - next) - 1;
  for (const int size : sizes) {
    if (size + seats_after > left) break;
    seats[next].ranks = size;
    for_each_sizing(seats, next + 1, sizes, left - size, visit);
  }
}

// The larger ones first, so that the shards of a replica do not straddle nodes.
Placement place(std::vector<std::pair<int, std::vector<RolePart>>> seats) {
  std::ranges::stable_sort(seats, std::greater<>(), [](const auto& seat) { return seat.first; });
  Placement placement;
  int first = 0;
  for (const auto& [size, parts] : seats) {
    for (const auto& part : parts) {
      std::vector<int> ranks(static_cast<std::size_t>(part.replicas * part.shards));
      std::iota(ranks.begin(), ranks.end(), first);
      placement[part.role] = Layout(std::move(ranks), part.shards);
    }
    first += size;
  }
  return placement;
}

// The seats with every role in its best layout; nothing where a role or the roles of a seat cannot fit.
std::optional<Candidate> candidate_on(const std::vector<Seat>& seats, const PartVariant& variant, RoleParts& roles) {
  double answers_s = 0.0;
  double learning_s = 0.0;
  std::vector<std::pair<int, std::vector<RolePart>>> seated;
  for (const auto& seat : seats) {
    RolePart sum;
    auto& parts = seated.emplace_back(seat.ranks, std::vector<RolePart>{}).second;
    for (const Role role : seat.roles) {
      const auto part = roles.best(role, seat.ranks, variant);
      if (!part) return std::nullopt;
      parts.push_back(*part);
      sum.answers_s += part->answers_s;
      sum.learning_s += part->learning_s;
      sum.bytes += part->bytes;
    }
    if (sum.bytes > roles.memory()) return std::nullopt;
    answers_s = std::max(answers_s, sum.answers_s);
    learning_s = std::max(learning_s, sum.learning_s);
  }
  return Candidate{.placement = place(std::move(seated)),
                   .zero = variant.zero,
                   .checkpointing = variant.checkpointing,
                   .estimate_s = answers_s + learning_s};
}

std::vector<PartVariant> variants(const CandidateRequest& request) {
  int most_shards = 1;
  for (const auto& [role, shards] : request.shards) most_shards = std::max(most_shards, shards.back());
  std::vector<PartVariant> variants;
  for (const bool checkpointing : {false, true}) {
    for (const bool zero : {false, true}) {
      for (int spread = 1; spread <= most_shards; spread *= 2) variants.push_back({zero, checkpointing, spread});
    }
  }
  return variants;
}

// What tells two candidates apart.
auto identity(const Candidate& candidate) {
  std::vector<std::tuple<Role, int, int, int>> layouts;
  for (const auto& [role, layout] : candidate.placement)
    layouts.emplace_back(role, layout.rank(0, 0), layout.replicas(), layout.shards());
  return std::tuple(candidate.zero, candidate.checkpointing, layouts);
}

}  // namespace

std::vector<Candidate> candidates(const CandidateRequest& request, const Cluster& cluster) {
  RoleParts roles(request, cluster);
  const auto sizes = sizes_within(request.ranks);
  const auto of_variants = variants(request);
  std::vector<Candidate> found;
  std::set<decltype(identity(Candidate{}))> seen;
  const auto add = [&](const std::vector<Seat>& seats) {
    for (const auto& variant : of_variants) {
      auto candidate = candidate_on(seats, variant, roles);
      if (candidate && seen.insert(identity(*candidate)).second) found.push_back(std::move(*candidate));
    }
  };
  std::vector<Seat> seats;
  for_each_seating(request.roles, 0, seats, [&](std::vector<Seat>& seating) {
    for_each_sizing(seating, 0, sizes, static_cast<int>(request.ranks), add);
  });
  std::ranges::stable_sort(found, {}, &Candidate::estimate_s);
  return found;
}

}  // namespace ballast
