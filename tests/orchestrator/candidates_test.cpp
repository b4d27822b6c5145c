#include "orchestrator/candidates.h"

#include <gmock/gmock.h>

#include <set>

#include "orchestrator/auto_placement.h"
#include "orchestrator/simulated_run.h"

namespace ballast {
namespace {

using testing::Each;
using testing::IsEmpty;

// Half a billion parameters.
ModelShape shape() {
  return {.layers = 24.0,
          .hidden = 1024.0,
          .query_width = 1024.0,
          .key_width = 1024.0,
          .layer_weights = 12e6,
          .head_weights = 32e6,
          .parameters = 350e6,
          .half = true};
}

CandidateRequest six_roles(std::int64_t ranks) {
  CandidateRequest request{
      .workload = {.batch = {.rollout = 64, .mini_batch = 32, .micro_batch = 8, .max_length = 512},
                   .prompt = 128.0,
                   .response = 384.0,
                   .slots = 16.0,
                   .gradient_lanes = 1},
      .roles = {Role::Actor, Role::Reference, Role::Reward, Role::Cost, Role::RewardCritic, Role::CostCritic},
      .shards = {},
      .ranks = ranks};
  for (const Role role : request.roles) {
    request.workload.roles[role] = {.model = shape()};
    request.shards[role] = {1, 2};
  }
  return request;
}

CandidateRequest two_roles(std::int64_t ranks) {
  auto request = six_roles(ranks);
  request.roles = {Role::Actor, Role::Reward};
  return request;
}

double simulated_s(const CandidateRequest& request, const Candidate& candidate, const Cluster& cluster) {
  auto workload = request.workload;
  for (auto& [role, work] : workload.roles) {
    const bool learns = !is_frozen(role);
    work.zero = learns && candidate.zero && candidate.placement.at(role).replicas() > 1;
    work.model.checkpointing = learns && candidate.checkpointing;
  }
  const auto run = simulate(workload, cluster, candidate.placement);
  return run.end - run.begin;
}

// The fastest of the first `count`, by simulation.
double fastest(const CandidateRequest& request, const std::vector<Candidate>& found, const Cluster& cluster,
               std::size_t count) {
  double best = 1e30;
  for (std::size_t i = 0; i < std::min(count, found.size()); ++i)
    best = std::min(best, simulated_s(request, found[i], cluster));
  return best;
}

TEST(Candidates, TheFirstTwentyFourHoldTheFastestOfAll) {
  for (const auto ranks : {1, 2, 4}) {
    const Cluster cluster{.nodes = 1, .devices = ranks};
    const auto request = six_roles(ranks);
    const auto found = candidates(request, cluster);
    const double best = fastest(request, found, cluster, found.size());
    EXPECT_LE(fastest(request, found, cluster, 24), 1.02 * best) << ranks << " ranks, " << found.size();
  }
}

TEST(Candidates, OnTwoRanksNoPlacementAtAllIsFaster) {
  const Cluster cluster{.nodes = 1, .devices = 2};
  const auto request = six_roles(2);
  const std::vector<Layout> layouts{Layout({0}), Layout({1}), Layout({0, 1}), Layout({0, 1}, 2)};
  double best = 1e30;
  for (int code = 0; code < 4 * 4 * 4 * 4 * 4 * 4; ++code) {
    Candidate candidate;
    int rest = code;
    for (const Role role : request.roles) {
      candidate.placement[role] = layouts[static_cast<std::size_t>(rest % 4)];
      rest /= 4;
    }
    best = std::min(best, simulated_s(request, candidate, cluster));
  }
  EXPECT_LE(fastest(request, candidates(request, cluster), cluster, 24), 1.05 * best);
}

TEST(Candidates, EveryRoleHasRanksOfTheJobAndShardsWithinANode) {
  const Cluster cluster{.nodes = 2, .devices = 4};
  for (const auto& candidate : candidates(six_roles(8), cluster)) {
    ASSERT_EQ(candidate.placement.size(), 6U);
    for (const auto& [role, layout] : candidate.placement) {
      for (int replica = 0; replica < layout.replicas(); ++replica) {
        const auto shards = layout.replica(replica);
        EXPECT_EQ(shards.front() / 4, shards.back() / 4);
      }
      EXPECT_LT(layout.ranks().back(), 8);
    }
  }
}

TEST(Candidates, AreDifferentAndInTheOrderOfTheirEstimates) {
  const auto found = candidates(two_roles(6), {.nodes = 1, .devices = 6});
  double before = 0.0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_GE(found[i].estimate_s, before);
    before = found[i].estimate_s;
    for (std::size_t j = 0; j < i; ++j) {
      const bool same_layouts = found[i].placement == found[j].placement;
      EXPECT_FALSE(same_layouts && found[i].zero == found[j].zero && found[i].checkpointing == found[j].checkpointing);
    }
  }
}

TEST(Candidates, ARoleThatLearnsHasNoMoreReplicasThanLanes) {
  auto request = six_roles(8);
  request.workload.gradient_lanes = 2;
  int most_frozen = 0;
  for (const auto& candidate : candidates(request, {})) {
    for (const auto& [role, layout] : candidate.placement) {
      if (is_frozen(role)) {
        most_frozen = std::max(most_frozen, layout.replicas());
      } else {
        EXPECT_LE(layout.replicas(), 2);
      }
    }
  }
  EXPECT_GT(most_frozen, 2);
}

TEST(Candidates, NoReplicaIsWithoutAMicroBatch) {
  for (const auto& candidate : candidates(six_roles(64), {.nodes = 8})) {
    for (const auto& [role, layout] : candidate.placement) EXPECT_LE(layout.replicas(), is_frozen(role) ? 8 : 4);
  }
}

TEST(Candidates, WeightsThatFitNowhereLeaveNone) {
  const Cluster small{.memory = 1e9};
  EXPECT_THAT(candidates(six_roles(8), small), IsEmpty());
}

// 350 million parameters that learn take 2 + 4 + 12 bytes each, 6.3 GB; alone without ZeRO more than 4 GB in two shards
// do not fit, with it and two replicas 2 + 4 + 6 do.
TEST(Candidates, ShardsAndZeroMakeFitWhatAloneDoesNot) {
  const Cluster cluster{.memory = 4e9};
  const auto found = candidates(two_roles(8), cluster);
  ASSERT_FALSE(found.empty());
  for (const auto& candidate : found) {
    const auto& actor = candidate.placement.at(Role::Actor);
    EXPECT_TRUE(actor.shards() == 2 || (candidate.zero && actor.replicas() > 1));
  }
}

TEST(Candidates, ARuleNeedsARankAndCostsNothing) {
  auto request = two_roles(2);
  request.workload.roles.erase(Role::Reward);
  request.shards.erase(Role::Reward);
  const auto found = candidates(request, {.nodes = 1, .devices = 2});
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front().placement.at(Role::Actor).ranks().size(), 2U);
  EXPECT_EQ(found.front().placement.at(Role::Reward).ranks().size(), 1U);
}

}  // namespace
}  // namespace ballast
