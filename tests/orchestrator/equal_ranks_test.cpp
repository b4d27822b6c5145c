#include "orchestrator/equal_ranks.h"

#include <gmock/gmock.h>

#include <numeric>

namespace ballast {
namespace {

using ::testing::ElementsAre;

std::vector<int> range(int begin, int end) {
  std::vector<int> ranks(static_cast<std::size_t>(end - begin));
  std::iota(ranks.begin(), ranks.end(), begin);
  return ranks;
}

const BatchConfig sixteen_micro_batches{.rollout = 32, .mini_batch = 16, .micro_batch = 2};

TEST(EqualRanks, RolesThatAreEverywhereFallIntoOneColumnForEachReplica) {
  const Placement placement{{Role::Actor, Layout(range(0, 8))}, {Role::Reference, Layout(range(0, 8))}};
  const auto equal = equal_ranks(placement, sixteen_micro_batches, 8);
  EXPECT_EQ(equal.columns, 8);
  EXPECT_THAT(equal.placement.at(Role::Actor).ranks(), ElementsAre(0));
  EXPECT_EQ(equal.batch.rollout, 4);
  EXPECT_EQ(equal.batch.mini_batch, 2);
  EXPECT_EQ(equal.batch.micro_batch, 2);
}

TEST(EqualRanks, RolesWithDifferentReplicasShareTheirGreatestDivisor) {
  const Placement placement{{Role::Actor, Layout(range(0, 8))}, {Role::Reference, Layout(range(8, 12))}};
  const auto equal = equal_ranks(placement, sixteen_micro_batches, 16);
  EXPECT_EQ(equal.columns, 4);
  EXPECT_THAT(equal.placement.at(Role::Actor).ranks(), ElementsAre(0, 4));
  EXPECT_THAT(equal.placement.at(Role::Reference).ranks(), ElementsAre(8));
}

TEST(EqualRanks, AColumnHasWholeReplicasWithAllTheirShards) {
  const Placement placement{{Role::Actor, Layout(range(0, 8), 2)}, {Role::Reference, Layout(range(8, 12))}};
  const auto equal = equal_ranks(placement, sixteen_micro_batches, 16);
  EXPECT_EQ(equal.columns, 4);
  EXPECT_EQ(equal.placement.at(Role::Actor), Layout({0, 1}, 2));
}

TEST(EqualRanks, ReplicasThatMeetOverAnotherLinkAreNotEqual) {
  const Placement placement{{Role::Actor, {0, 1}}, {Role::Reference, {2, 3}}};
  EXPECT_EQ(equal_ranks(placement, sixteen_micro_batches, 4).columns, 2);
  EXPECT_EQ(equal_ranks(placement, sixteen_micro_batches, 3).columns, 1) << "rank 3 is on another node than rank 1";
}

TEST(EqualRanks, ARankThatPlaysForTwoReplicasJoinsTheirColumns) {
  const Placement placement{{Role::Actor, {0, 1}}, {Role::Reference, {1, 0}}};
  EXPECT_EQ(equal_ranks(placement, sixteen_micro_batches, 4).columns, 1);
}

TEST(EqualRanks, MicroBatchesAreDealtEvenly) {
  const Placement placement{{Role::Actor, Layout(range(0, 16))}};
  EXPECT_EQ(equal_ranks(placement, sixteen_micro_batches, 16).columns, 8) << "a mini-batch has 8 micro-batches";
}

}  // namespace
}  // namespace ballast
