// How long collectives take and what they move: rings for the bytes, trees for the latency.
#pragma once
#include <vector>

#include "orchestrator/cluster.h"
#include "orchestrator/step_cost.h"

namespace ballast {

// How a group of ranks lies on the nodes.
struct Spread {
  std::int64_t ranks = 1;  // n
  std::int64_t nodes = 1;  // m
};
// Of ranks that fill one node after the other.
Spread spread_of(const std::vector<int>& ranks, std::int64_t ranks_of_node);

// Seconds, and the bytes that each rank sends on average.
struct Exchange {
  double seconds = 0.0;
  LinkBytes bytes;
};

// Of a buffer of V bytes, of which every rank ends with one n-th; (n - 1) / n V leave each rank, m of the ring's n
// links cross nodes. Where n / m ranks share a node, so many rings use its network cards at once:
//   seconds = ceil(log2 n) latency + (n - 1) / n V / bandwidth,  bandwidth = min(within, n / m between) across nodes
Exchange reduce_scatter(double bytes, const Spread& spread, const Cluster& cluster);
// Of a buffer of V bytes, of which every rank begins with one n-th: the same.
Exchange all_gather(double bytes, const Spread& spread, const Cluster& cluster);
// The one and then the other.
Exchange all_reduce(double bytes, const Spread& spread, const Cluster& cluster);
// log2 n exchanges of the whole buffer with one partner each: the fixed tree in which gradient lanes are summed.
Exchange pairwise_sum(double bytes, const Spread& spread, const Cluster& cluster);

}  // namespace ballast
