#include "orchestrator/equal_ranks.h"

#include <numeric>
#include <utility>

namespace ballast {
namespace {

Layout every_nth_replica(const Layout& layout, std::int64_t first, std::int64_t columns) {
  std::vector<int> ranks;
  for (auto replica = first; replica < layout.replicas(); replica += columns) {
    const auto shards = layout.replica(static_cast<int>(replica));
    ranks.insert(ranks.end(), shards.begin(), shards.end());
  }
  return {std::move(ranks), layout.shards()};
}

// Which of a column's seats are the same rank, and which the same node: numbers in the order of appearance.
std::vector<std::pair<std::size_t, std::size_t>> pattern_of(const Placement& placement, std::int64_t ranks_of_node) {
  std::map<int, std::size_t> ranks;
  std::map<std::int64_t, std::size_t> nodes;
  std::vector<std::pair<std::size_t, std::size_t>> pattern;
  for (const auto& [role, layout] : placement) {
    for (const int rank : layout.ranks()) {
      pattern.emplace_back(ranks.try_emplace(rank, ranks.size()).first->second,
                           nodes.try_emplace(rank / ranks_of_node, nodes.size()).first->second);
    }
  }
  return pattern;
}

Placement column_of(const Placement& placement, std::int64_t column, std::int64_t columns) {
  Placement result;
  for (const auto& [role, layout] : placement) result[role] = every_nth_replica(layout, column, columns);
  return result;
}

bool are_alike(const Placement& placement, std::int64_t columns, std::int64_t ranks_of_node) {
  std::map<int, std::int64_t> column_of_rank;
  const auto pattern = pattern_of(column_of(placement, 0, columns), ranks_of_node);
  for (std::int64_t column = 0; column < columns; ++column) {
    const auto of_column = column_of(placement, column, columns);
    if (pattern_of(of_column, ranks_of_node) != pattern) return false;
    for (const auto& [role, layout] : of_column) {
      for (const int rank : layout.ranks()) {
        if (column_of_rank.try_emplace(rank, column).first->second != column) return false;
      }
    }
  }
  return true;
}

}  // namespace

EqualRanks equal_ranks(const Placement& placement, const BatchConfig& batch, std::int64_t ranks_of_node) {
  auto most = std::gcd(batch.rollout / batch.micro_batch, batch.mini_batch / batch.micro_batch);
  for (const auto& [role, layout] : placement) most = std::gcd(most, layout.replicas());
  auto columns = most;
  while (most % columns != 0 || !are_alike(placement, columns, ranks_of_node)) --columns;
  EqualRanks result{.columns = columns, .placement = column_of(placement, 0, columns), .batch = batch};
  result.batch.rollout /= columns;
  result.batch.mini_batch /= columns;
  return result;
}

}  // namespace ballast
