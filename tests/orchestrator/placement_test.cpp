#include "orchestrator/placement.h"

#include <gmock/gmock.h>

#include <set>

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<Role> six_roles{Role::Actor, Role::Reference,    Role::Reward,
                                  Role::Cost,  Role::RewardCritic, Role::CostCritic};

std::vector<std::string> violations_of(const PlacementConfig& config, int world_size) {
  std::vector<std::string> violations;
  resolve_placement(config, {.roles = six_roles, .world_size = world_size, .gradient_lanes = 2}, violations);
  return violations;
}

TEST(AutoPlacement, GivesEachRoleOneRankWhenThereAreAsManyRanksAsRoles) {
  const auto placement = auto_placement(six_roles, 6, 2);
  std::set<int> used;
  for (const auto& [role, layout] : placement) {
    EXPECT_EQ(layout.ranks().size(), 1u);
    used.insert(layout.ranks().front());
  }
  EXPECT_EQ(used.size(), 6u);
}

TEST(AutoPlacement, LetsFrozenScorersShareFirst) {
  const auto placement = auto_placement(six_roles, 4, 2);
  EXPECT_EQ(placement.at(Role::Reference), placement.at(Role::Reward));
  EXPECT_EQ(placement.at(Role::Reference), placement.at(Role::Cost));
  EXPECT_NE(placement.at(Role::RewardCritic), placement.at(Role::CostCritic));
}

TEST(AutoPlacement, LeavesTheActorAloneUntilThereIsOneRankLeft) {
  for (int world = 2; world < 6; ++world) {
    const auto placement = auto_placement(six_roles, world, 2);
    for (const Role role : six_roles) {
      if (role == Role::Actor) continue;
      EXPECT_NE(placement.at(role), placement.at(Role::Actor)) << world << " ranks";
    }
  }
  EXPECT_EQ(roles_of(auto_placement(six_roles, 1, 2), 0), "actor, reference, reward, cost, reward_critic, cost_critic");
}

TEST(AutoPlacement, GivesTheActorReplicasFirst) {
  const auto placement = auto_placement(six_roles, 8, 2);
  EXPECT_THAT(placement.at(Role::Actor).ranks(), ElementsAre(0, 1));
  EXPECT_THAT(placement.at(Role::Reference).ranks(), ElementsAre(2, 3));
}

TEST(AutoPlacement, GivesAJobsOnlyRoleAsManyReplicasAsTheLanesCanBeDealtTo) {
  EXPECT_THAT(auto_placement({Role::Reward}, 1, 4).at(Role::Reward).ranks(), ElementsAre(0));
  EXPECT_THAT(auto_placement({Role::Reward}, 3, 4).at(Role::Reward).ranks(), ElementsAre(0, 1));
  EXPECT_THAT(auto_placement({Role::Reward}, 6, 4).at(Role::Reward).ranks(), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(auto_placement({Role::Reward}, 6, 1).at(Role::Reward).ranks(), ElementsAre(0));
}

TEST(Placement, TheOnlyRoleOfAJobLearnsSoItsReplicasMustFitTheLanes) {
  std::vector<std::string> violations;
  PlacementConfig config;
  config.reward = {0, 1, 2};
  resolve_placement(config, {.roles = {Role::Reward}, .world_size = 3, .gradient_lanes = 2}, violations);
  EXPECT_THAT(violations, ElementsAre(HasSubstr("gradient_lanes (2) must be a multiple")));
}

TEST(AutoPlacement, UsesEveryRankOnce) {
  for (int world = 6; world < 20; ++world) {
    std::multiset<int> used;
    for (const auto& [role, layout] : auto_placement(six_roles, world, 4))
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

}  // namespace
}  // namespace ballast
