#include "algorithms/experience.h"

#include <gtest/gtest.h>

#include "tests/algorithms/close.h"

namespace ballast {
namespace {

const PpoConfig no_kl{.kl = {.kl_coeff = 0.0}, .gae = {.gamma = 1.0, .gae_lambda = 1.0}, .clip = {}};

// Row 0 responds at positions 1 and 2; row 1 does not respond.
ScoredRollout rollout() {
  return {.log_probs_BT = torch::tensor({{-1.0, -2.0, -3.0, 0.0}, {-1.0, -1.0, 0.0, 0.0}}),
          .ref_log_probs_BT = torch::tensor({{-7.0, -1.5, -3.0, 0.0}, {-2.0, -2.0, 0.0, 0.0}}),
          .mask_BT = torch::tensor({{false, true, true, false}, {false, false, false, false}}),
          .reward = {.scores_BT = torch::tensor({{0.0, 0.0, 2.0, 0.0}, {0.0, 0.0, 0.0, 0.0}}),
                     .values_BT = torch::full({2, 4}, 0.5)},
          .cost = Judgement{.scores_BT = torch::tensor({{0.0, 0.0, -1.0, 0.0}, {0.0, 0.0, 0.0, 0.0}}),
                            .values_BT = torch::zeros({2, 4})}};
}

torch::Tensor figure(const Experience& experience, const std::string& name) { return experience.figures.at(name); }

TEST(Experience, AdvantagesAndReturnsAreZeroOutsideTheResponse) {
  const auto experience = make_experience(rollout(), no_kl);
  EXPECT_THAT(experience.reward.returns_BT, IsClose(torch::tensor({{0.0, 2.0, 2.0, 0.0}, {0.0, 0.0, 0.0, 0.0}})));
  EXPECT_THAT(experience.reward.advantages_BT, IsClose(torch::tensor({{0.0, 1.5, 1.5, 0.0}, {0.0, 0.0, 0.0, 0.0}})));
  EXPECT_THAT(experience.cost->returns_BT, IsClose(torch::tensor({{0.0, -1.0, -1.0, 0.0}, {0.0, 0.0, 0.0, 0.0}})));
}

TEST(Experience, FiguresSumKlAndShapedRewardsAndAverageAdvantages) {
  auto config = no_kl;
  config.kl.kl_coeff = 0.1;
  const auto experience = make_experience(rollout(), config);
  EXPECT_THAT(figure(experience, "kl_divergence"), IsClose(torch::tensor({-0.5, 0.0})));
  EXPECT_THAT(figure(experience, "reward_with_kl_penalty"), IsClose(torch::tensor({2.05, 0.0})));
  EXPECT_THAT(figure(experience, "cost_with_kl_penalty"), IsClose(torch::tensor({-1.05, 0.0})));
  EXPECT_THAT(figure(experience, "reward_return"), IsClose(torch::tensor({(2.05 + 2.0) / 2, 0.0})));
  EXPECT_THAT(figure(experience, "reward"), IsClose(torch::tensor({2.0, 0.0})));
  EXPECT_THAT(figure(experience, "generated_length"), IsClose(torch::tensor({2.0, 0.0})));
}

TEST(Experience, WithoutACostThereAreNoCostFigures) {
  auto plain = rollout();
  plain.cost.reset();
  const auto experience = make_experience(plain, no_kl);
  EXPECT_FALSE(experience.cost);
  EXPECT_FALSE(experience.figures.contains("cost"));
  EXPECT_FALSE(experience.figures.contains("cost_return"));
}

TEST(Experience, WhatLiesOutsideTheResponseDoesNotMatter) {
  auto other = rollout();
  other.log_probs_BT.masked_fill_(other.mask_BT.logical_not(), -40.0);
  other.reward.scores_BT.masked_fill_(other.mask_BT.logical_not(), 55.0);
  other.reward.values_BT.masked_fill_(other.mask_BT.logical_not(), 77.0);
  const auto expected = make_experience(rollout(), PpoConfig{});
  const auto experience = make_experience(other, PpoConfig{});
  EXPECT_THAT(experience.reward.advantages_BT, IsClose(expected.reward.advantages_BT));
  for (const auto& [name, figure_B] : expected.figures) {
    EXPECT_THAT(figure(experience, name), IsClose(figure_B)) << name;
  }
}

}  // namespace
}  // namespace ballast
