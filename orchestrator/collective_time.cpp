#include "orchestrator/collective_time.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace ballast {
namespace {

// A group's links, as its slowest step sees them.
Link link_of(const Spread& spread, const Cluster& cluster) {
  if (spread.nodes == 1) return cluster.within;
  const double cards = static_cast<double>(spread.ranks) / static_cast<double>(spread.nodes);
  return {cluster.between.latency_s, std::min(cluster.within.bandwidth, cards * cluster.between.bandwidth)};
}

double doublings(std::int64_t ranks) { return std::ceil(std::log2(static_cast<double>(ranks))); }

LinkBytes over_ring(double bytes, const Spread& spread) {
  if (spread.nodes == 1) return {.within = bytes, .between = 0.0};
  const double crossing = bytes * static_cast<double>(spread.nodes) / static_cast<double>(spread.ranks);
  return {.within = bytes - crossing, .between = crossing};
}

}  // namespace

Spread spread_of(const std::vector<int>& ranks, std::int64_t ranks_of_node) {
  std::set<std::int64_t> nodes;
  for (const int rank : ranks) nodes.insert(rank / ranks_of_node);
  return {.ranks = static_cast<std::int64_t>(ranks.size()), .nodes = static_cast<std::int64_t>(nodes.size())};
}

Exchange reduce_scatter(double bytes, const Spread& spread, const Cluster& cluster) {
  if (spread.ranks == 1) return {};
  const auto n = static_cast<double>(spread.ranks);
  const auto link = link_of(spread, cluster);
  const double sent = (n - 1.0) / n * bytes;
  return {.seconds = doublings(spread.ranks) * link.latency_s + sent / link.bandwidth,
          .bytes = over_ring(sent, spread)};
}

Exchange all_gather(double bytes, const Spread& spread, const Cluster& cluster) {
  return reduce_scatter(bytes, spread, cluster);
}

Exchange all_reduce(double bytes, const Spread& spread, const Cluster& cluster) {
  const auto half = reduce_scatter(bytes, spread, cluster);
  return {.seconds = 2.0 * half.seconds, .bytes = half.bytes * 2.0};
}

Exchange pairwise_sum(double bytes, const Spread& spread, const Cluster& cluster) {
  if (spread.ranks == 1) return {};
  const double rounds = doublings(spread.ranks);
  const double crossing = spread.nodes == 1 ? 0.0 : doublings(spread.nodes);  // partners far apart
  const auto seconds = [&](const Link& link) { return link.latency_s + bytes / link.bandwidth; };
  return {.seconds = (rounds - crossing) * seconds(cluster.within) + crossing * seconds(cluster.between),
          .bytes = {.within = (rounds - crossing) * bytes, .between = crossing * bytes}};
}

}  // namespace ballast
