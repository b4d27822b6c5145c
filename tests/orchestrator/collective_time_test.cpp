// By hand: four ranks exchange 800 bytes at 100 bytes/s within a node and 10 bytes/s between nodes, with 1 s and 2 s
// until the first byte.
#include "orchestrator/collective_time.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

const Cluster cluster{.within = {1.0, 100.0}, .between = {2.0, 10.0}};
const Spread in_one_node{.ranks = 4, .nodes = 1};
const Spread over_two_nodes{.ranks = 4, .nodes = 2};

TEST(CollectiveTime, AReduceScatterInANodeSendsAllButOnesOwnPart) {
  const auto exchange = reduce_scatter(800.0, in_one_node, cluster);
  EXPECT_DOUBLE_EQ(exchange.bytes.within, 600.0);
  EXPECT_DOUBLE_EQ(exchange.bytes.between, 0.0);
  EXPECT_DOUBLE_EQ(exchange.seconds, 2.0 * 1.0 + 600.0 / 100.0);
}

TEST(CollectiveTime, AcrossNodesAllNetworkCardsOfANodeCarryTheRing) {
  const auto exchange = reduce_scatter(800.0, over_two_nodes, cluster);
  EXPECT_DOUBLE_EQ(exchange.seconds, 2.0 * 2.0 + 600.0 / (2.0 * 10.0));
  EXPECT_DOUBLE_EQ(exchange.bytes.between, 300.0) << "two of the ring's four links cross";
  EXPECT_DOUBLE_EQ(exchange.bytes.within, 300.0);
}

TEST(CollectiveTime, NetworkCardsAreNoFasterThanTheLinksInsideTheNode) {
  const auto exchange = reduce_scatter(800.0, {.ranks = 80, .nodes = 2}, cluster);
  EXPECT_DOUBLE_EQ(exchange.seconds, 7.0 * 2.0 + 79.0 / 80.0 * 800.0 / 100.0);
}

TEST(CollectiveTime, AnAllReduceIsAReduceScatterAndAnAllGather) {
  const auto there = reduce_scatter(800.0, over_two_nodes, cluster);
  const auto back = all_gather(800.0, over_two_nodes, cluster);
  const auto both = all_reduce(800.0, over_two_nodes, cluster);
  EXPECT_DOUBLE_EQ(both.seconds, there.seconds + back.seconds);
  EXPECT_DOUBLE_EQ(both.bytes.sum(), there.bytes.sum() + back.bytes.sum());
}

TEST(CollectiveTime, LanesGoToOnePartnerAfterTheOtherWhole) {
  const auto exchange = pairwise_sum(800.0, over_two_nodes, cluster);
  EXPECT_DOUBLE_EQ(exchange.seconds, (1.0 + 8.0) + (2.0 + 80.0));
  EXPECT_DOUBLE_EQ(exchange.bytes.within, 800.0);
  EXPECT_DOUBLE_EQ(exchange.bytes.between, 800.0);
}

TEST(CollectiveTime, ARankAloneHasNobodyToTalkTo) {
  EXPECT_EQ(all_reduce(800.0, {}, cluster).seconds, 0.0);
  EXPECT_EQ(pairwise_sum(800.0, {}, cluster).bytes.sum(), 0.0);
}

TEST(CollectiveTime, RanksFillOneNodeAfterTheOther) {
  const auto spread = spread_of({0, 7, 8, 9}, 8);
  EXPECT_EQ(spread.ranks, 4);
  EXPECT_EQ(spread.nodes, 2);
}

}  // namespace
}  // namespace ballast
