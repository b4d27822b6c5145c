#include "orchestrator/auto_placement.h"

#include <gmock/gmock.h>

#include <set>

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<Role> six_roles{Role::Actor, Role::Reference,    Role::Reward,
                                  Role::Cost,  Role::RewardCritic, Role::CostCritic};

Placement placed(std::vector<Role> roles, int world_size, int gradient_lanes, std::map<Role, int> shards = {}) {
  return auto_placement({.roles = std::move(roles),
                         .shards = std::move(shards),
                         .world_size = world_size,
                         .gradient_lanes = gradient_lanes});
}

std::vector<std::string> violations_of(const PlacementConfig& config, int world_size) {
  std::vector<std::string> violations;
  resolve_placement(config, {.roles = six_roles, .shards = {}, .world_size = world_size, .gradient_lanes = 2},
                    violations);
  return violations;
}

TEST(AutoPlacement, GivesEachRoleOneRankWhenThereAreAsManyRanksAsRoles) {
  const auto placement = placed(six_roles, 6, 2);
  std::set<int> used;
  for (const auto& [role, layout] : placement) {
    EXPECT_EQ(layout.ranks().size(), 1u);
    used.insert(layout.ranks().front());
  }
  EXPECT_EQ(used.size(), 6u);
}

TEST(AutoPlacement, LetsFrozenScorersShareFirst) {
  const auto placement = placed(six_roles, 4, 2);
  EXPECT_EQ(placement.at(Role::Reference), placement.at(Role::Reward));
  EXPECT_EQ(placement.at(Role::Reference), placement.at(Role::Cost));
  EXPECT_NE(placement.at(Role::RewardCritic), placement.at(Role::CostCritic));
}

TEST(AutoPlacement, LeavesTheActorAloneUntilThereIsOneRankLeft) {
  for (int world = 2; world < 6; ++world) {
    const auto placement = placed(six_roles, world, 2);
    for (const Role role : six_roles) {
      if (role == Role::Actor) continue;
      EXPECT_NE(placement.at(role), placement.at(Role::Actor)) << world << " ranks";
    }
  }
  EXPECT_EQ(roles_of(placed(six_roles, 1, 2), 0), "actor, reference, reward, cost, reward_critic, cost_critic");
}

TEST(AutoPlacement, GivesTheActorReplicasFirst) {
  const auto placement = placed(six_roles, 8, 2);
  EXPECT_THAT(placement.at(Role::Actor).ranks(), ElementsAre(0, 1));
  EXPECT_THAT(placement.at(Role::Reference).ranks(), ElementsAre(2, 3));
}

TEST(AutoPlacement, GivesAJobsOnlyRoleAsManyReplicasAsTheLanesCanBeDealtTo) {
  EXPECT_THAT(placed({Role::Reward}, 1, 4).at(Role::Reward).ranks(), ElementsAre(0));
  EXPECT_THAT(placed({Role::Reward}, 3, 4).at(Role::Reward).ranks(), ElementsAre(0, 1));
  EXPECT_THAT(placed({Role::Reward}, 6, 4).at(Role::Reward).ranks(), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(placed({Role::Reward}, 6, 1).at(Role::Reward).ranks(), ElementsAre(0));
}

TEST(AutoPlacement, GivesARoleWithShardsOneReplicaBeforeAnyRoleHasTwo) {
  const auto placement = placed(six_roles, 10, 2, {{Role::Actor, 2}, {Role::RewardCritic, 4}});
  EXPECT_EQ(placement.at(Role::Actor), Layout({0, 1}, 2));
  EXPECT_EQ(placement.at(Role::RewardCritic), Layout({5, 6, 7, 8}, 4));
  EXPECT_EQ(placement.at(Role::CostCritic), Layout({9}));
}

TEST(AutoPlacement, GivesTheActorWholeReplicasOfItsShards) {
  const auto placement = placed(six_roles, 10, 2, {{Role::Actor, 2}});
  EXPECT_EQ(placement.at(Role::Actor), Layout({0, 1, 2, 3}, 2));
  EXPECT_EQ(placement.at(Role::Reference), Layout({4, 5}));  // one rank was left, too few for a third of the actor
}

TEST(AutoPlacement, SpreadsNarrowRolesOverTheRanksOfAWideOneTheyShare) {
  const auto placement = placed(six_roles, 2, 2, {{Role::Actor, 2}});
  EXPECT_EQ(placement.at(Role::Actor), Layout({0, 1}, 2));
  EXPECT_EQ(placement.at(Role::Reference), Layout({0}));
  EXPECT_EQ(placement.at(Role::Reward), Layout({1}));
}

TEST(AutoPlacement, HasRoomForEveryRolesShardsOnEveryWorldThatHoldsTheWidest) {
  const std::map<Role, int> shards{{Role::Actor, 4}, {Role::Reference, 4}, {Role::Cost, 2}, {Role::CostCritic, 3}};
  for (int world = 4; world < 40; ++world) {
    const auto placement = placed(six_roles, world, 4, shards);
    ASSERT_EQ(placement.size(), six_roles.size());
    for (const auto& [role, layout] : placement) {
      ASSERT_EQ(layout.shards(), shards.contains(role) ? shards.at(role) : 1);
      const std::set<int> ranks(layout.ranks().begin(), layout.ranks().end());
      ASSERT_EQ(ranks.size(), layout.ranks().size()) << "a rank twice in a role";
      ASSERT_LT(*ranks.rbegin(), world);
    }
  }
}

TEST(AutoPlacement, GivesAJobsOnlyRoleWholeReplicasOfItsShards) {
  EXPECT_EQ(placed({Role::Reward}, 7, 4, {{Role::Reward, 2}}).at(Role::Reward), Layout({0, 1, 2, 3}, 2));
}

TEST(Placement, TheOnlyRoleOfAJobLearnsSoItsReplicasMustFitTheLanes) {
  std::vector<std::string> violations;
  PlacementConfig config;
  config.reward = {0, 1, 2};
  resolve_placement(config, {.roles = {Role::Reward}, .shards = {}, .world_size = 3, .gradient_lanes = 2}, violations);
  EXPECT_THAT(violations, ElementsAre(HasSubstr("gradient_lanes (2) must be a multiple")));
}

TEST(AutoPlacement, UsesEveryRankOnce) {
  for (int world = 6; world < 20; ++world) {
    std::multiset<int> used;
    for (const auto& [role, layout] : placed(six_roles, world, 4))
      used.insert(layout.ranks().begin(), layout.ranks().end());
    ASSERT_EQ(used.size(), static_cast<std::size_t>(world));
    ASSERT_EQ(*used.rbegin(), world - 1);
  }
}

TEST(Placement, TakesTheExplicitTable) {
  const PlacementConfig config{
      .actor = {0, 1}, .reference = {2}, .reward = {2}, .cost = {2}, .reward_critic = {3}, .cost_critic = {3}};
  EXPECT_THAT(violations_of(config, 4), IsEmpty());
}

TEST(Placement, NamesEveryViolation) {
  const PlacementConfig config{
      .actor = {0, 0}, .reference = {9}, .reward = {2}, .cost = {2}, .reward_critic = {0, 1, 2}, .cost_critic = {}};
  EXPECT_THAT(violations_of(config, 4),
              ElementsAre(HasSubstr("placement.actor: rank 0 stands there twice"),
                          HasSubstr("placement.reference: found rank 9; this job has ranks 0 to 3"),
                          HasSubstr("placement.reward_critic: found 3 replicas"),
                          HasSubstr("placement.cost_critic: the list of ranks is empty")));
}

TEST(Placement, CutsTheTableIntoReplicasOfShards) {
  const PlacementConfig config{
      .actor = {3, 1, 2, 0}, .reference = {}, .reward = {}, .cost = {}, .reward_critic = {}, .cost_critic = {}};
  std::vector<std::string> violations;
  const auto placement = resolve_placement(
      config, {.roles = {Role::Actor}, .shards = {{Role::Actor, 2}}, .world_size = 4, .gradient_lanes = 2}, violations);
  EXPECT_THAT(violations, IsEmpty());
  EXPECT_EQ(describe(placement), "actor: 3, 1 | 2, 0 (2 replicas x 2 shards)");
}

TEST(Placement, SaysWhereShardsDoNotFit) {
  PlacementConfig config;
  config.actor = {0, 1, 2};
  std::vector<std::string> violations;
  resolve_placement(config, {.roles = {Role::Actor}, .shards = {{Role::Actor, 2}}, .world_size = 3}, violations);
  resolve_placement({}, {.roles = six_roles, .shards = {{Role::Cost, 4}}, .world_size = 3}, violations);
  EXPECT_THAT(violations, ElementsAre("placement.actor: found 3 ranks; they must be a multiple of tensor_parallel (2)",
                                      "cost.tensor_parallel: found 4; this job has 3 ranks"));
}

}  // namespace
}  // namespace ballast
