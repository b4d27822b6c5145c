#include "orchestrator/candidates.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <set>
#include <tuple>

#include "orchestrator/role_part.h"

namespace ballast {
namespace {

// Roles that share ranks, and how many ranks that are.
struct SharedRanks {
  std::vector<Role> roles;
  int ranks = 0;
};

// Calls `visit` with every way in which roles can share ranks: each joins roles before it or opens a share of its own.
template <typename Visit>
void for_each_sharing(const std::vector<Role>& roles, std::size_t next, std::vector<SharedRanks>& shares,
                      const Visit& visit) {
  if (next == roles.size()) return visit(shares);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    shares[i].roles.push_back(roles[next]);
    for_each_sharing(roles, next + 1, shares, visit);
    shares[i].roles.pop_back();
  }
  shares.push_back({.roles = {roles[next]}});
  for_each_sharing(roles, next + 1, shares, visit);
  shares.pop_back();
}

// Powers of two, and the whole with its halves, ascending.
std::vector<int> sizes_within(std::int64_t ranks) {
  std::set<int> sizes;
  for (std::int64_t size = 1; size <= ranks; size *= 2) sizes.insert(static_cast<int>(size));
  for (std::int64_t size = ranks; size % 2 == 0; size /= 2) sizes.insert(static_cast<int>(size));
  sizes.insert(static_cast<int>(ranks));
  return {sizes.begin(), sizes.end()};
}

// Whether no share could have its next size as well.
bool is_full(const std::vector<SharedRanks>& shares, const std::vector<int>& sizes, int left) {
  return std::ranges::none_of(shares, [&](const SharedRanks& share) {
    const auto larger = std::ranges::upper_bound(sizes, share.ranks);
    return larger != sizes.end() && *larger - share.ranks <= left;
  });
}

// Calls `visit` with every way to give `left` ranks to the shares from `next` on.
template <typename Visit>
void for_each_sizing(std::vector<SharedRanks>& shares, std::size_t next, const std::vector<int>& sizes, int left,
                     const Visit& visit) {
  if (next == shares.size()) {
    if (is_full(shares, sizes, left)) visit(shares);
    return;
  }
  const auto shares_after = static_cast<int>(shares.size() - next) - 1;
  for (const int size : sizes) {
    if (size + shares_after > left) break;
    shares[next].ranks = size;
    for_each_sizing(shares, next + 1, sizes, left - size, visit);
  }
}

using LaidOut = std::pair<int, std::vector<RolePart>>;  // how many ranks, and the roles there

// The larger shares first, so that the shards of a replica do not straddle nodes.
std::map<Role, RoleRanks> ranks_of(std::vector<LaidOut> shares) {
  std::ranges::stable_sort(shares, std::greater<>(), &LaidOut::first);
  std::map<Role, RoleRanks> roles;
  int first = 0;
  for (const auto& [size, parts] : shares) {
    for (const auto& part : parts) roles[part.role] = {first, part.replicas, part.shards};
    first += size;
  }
  return roles;
}

// The shares with every role in its best layout; nothing where a role or the roles of a share cannot fit.
std::optional<Candidate> candidate_on(const std::vector<SharedRanks>& shares, const PartVariant& variant,
                                      RoleParts& roles) {
  double answers_s = 0.0;
  double learning_s = 0.0;
  bool shares_state = false;
  std::vector<LaidOut> laid_out;
  for (const auto& share : shares) {
    RolePart sum;
    auto& parts = laid_out.emplace_back(share.ranks, std::vector<RolePart>{}).second;
    for (const Role role : share.roles) {
      const auto part = roles.best(role, share.ranks, variant);
      if (!part) return std::nullopt;
      parts.push_back(*part);
      sum.answers_s += part->answers_s;
      sum.learning_s += part->learning_s;
      sum.bytes += part->bytes;
      shares_state |= variant.zero && !is_frozen(role) && part->replicas > 1;
    }
    if (sum.bytes > roles.memory()) return std::nullopt;
    answers_s = std::max(answers_s, sum.answers_s);
    learning_s = std::max(learning_s, sum.learning_s);
  }
  return Candidate{.roles = ranks_of(std::move(laid_out)),
                   .zero = shares_state,
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
  return std::tuple(candidate.zero, candidate.checkpointing, candidate.roles);
}

}  // namespace

Placement Candidate::placement() const {
  Placement placement;
  for (const auto& [role, place] : roles) {
    placement[role] = Layout(ranks_from(place.first, place.replicas * place.shards), place.shards);
  }
  return placement;
}

std::vector<Candidate> candidates(const CandidateRequest& request, const Cluster& cluster) {
  RoleParts roles(request, cluster);
  const auto sizes = sizes_within(request.ranks);
  const auto of_variants = variants(request);
  std::vector<Candidate> found;
  std::set<decltype(identity(Candidate{}))> seen;
  const auto add = [&](const std::vector<SharedRanks>& shares) {
    for (const auto& variant : of_variants) {
      auto candidate = candidate_on(shares, variant, roles);
      if (candidate && seen.insert(identity(*candidate)).second) found.push_back(std::move(*candidate));
    }
  };
  std::vector<SharedRanks> shares;
  for_each_sharing(request.roles, 0, shares, [&](std::vector<SharedRanks>& seating) {
    for_each_sizing(seating, 0, sizes, static_cast<int>(request.ranks), add);
  });
  std::ranges::stable_sort(found, {}, &Candidate::estimate_s);
  return found;
}

}  // namespace ballast
