#include "orchestrator/examples.h"

#include <gmock/gmock.h>

#include <cmath>

#include "orchestrator/random_examples.h"

namespace ballast {
namespace {

using testing::DoubleEq;
using testing::Each;
using testing::ElementsAre;

std::vector<LabelledRow> two_texts() {
  return {{.tokens = {5, 6, 7}, .labelled = {false, true, true}}, {.tokens = {8, 9}, .labelled = {true, true}}};
}

std::vector<PairRow> two_pairs() {
  return {{.preferred = {1, 2}, .other = {1, 3}, .preferred_sign = 1, .other_sign = -1},
          {.preferred = {4}, .other = {5}, .preferred_sign = 1, .other_sign = 1}};
}

TEST(TextExamples, AStepNormalisesByTheTargetsOfTheWholeMiniBatch) {
  const auto body = text_examples(two_texts())->learn(7, {{1}, {0}});
  const auto& learn = std::get<LearnText>(body);
  EXPECT_EQ(learn.step, 7);
  EXPECT_EQ(learn.targets, 2 + 1);  // a first token is no target, though it is labelled
  ASSERT_EQ(learn.micro_batches.size(), 2u);
  EXPECT_THAT(learn.micro_batches[0][0].tokens, ElementsAre(8, 9));
  EXPECT_THAT(learn.micro_batches[1][0].tokens, ElementsAre(5, 6, 7));
}

TEST(TextExamples, AStepWithoutTargetsHasALossOfZero) {
  const auto body = text_examples({{.tokens = {5}, .labelled = {true}}})->learn(0, {{0}});
  EXPECT_EQ(std::get<LearnText>(body).targets, 1);
}

TEST(TextExamples, TheLossIsAMeanOverTargetsNotOverRows) {
  const auto summary = text_examples(two_texts())->summary({{"loss_sum", {1.0, 5.0}}});
  EXPECT_THAT(summary.at("loss"), DoubleEq(2.0));
  EXPECT_THAT(summary.at("perplexity"), DoubleEq(std::exp(2.0)));
}

TEST(Examples, KnowTheirTokensOfAPairBothSides) {
  EXPECT_EQ(text_examples(two_texts())->tokens(0), 3);
  EXPECT_EQ(pair_examples(two_pairs(), Role::Reward)->tokens(0), 4);
}

TEST(PairExamples, AStepNormalisesByThePairsOfTheWholeMiniBatch) {
  const auto body = pair_examples(two_pairs(), Role::Cost)->learn(3, {{1}, {0}});
  const auto& learn = std::get<LearnPairs>(body);
  EXPECT_EQ(learn.role, Role::Cost);
  EXPECT_EQ(learn.pairs, 2);
  EXPECT_EQ(learn.micro_batches[1][0].other_sign, -1);
}

TEST(PairExamples, TheSummaryIsOverPairsAndOverTheScoresOfAllResponses) {
  const auto summary = pair_examples(two_pairs(), Role::Reward)
                           ->summary({{"loss", {0.5, 1.5}},
                                      {"accuracy", {1.0, 0.0}},
                                      {"preferred_score", {1.0, 2.0}},
                                      {"other_score", {3.0, 6.0}}});
  EXPECT_THAT(summary.at("loss"), DoubleEq(1.0));
  EXPECT_THAT(summary.at("accuracy"), DoubleEq(0.5));
  EXPECT_THAT(summary.at("reward_mean"), DoubleEq(3.0));
  EXPECT_THAT(summary.at("reward_std"), DoubleEq(std::sqrt(14.0 / 3.0)));
  EXPECT_EQ(summary.size(), 4u);
}

TEST(RandomExamples, TextsCount) {
  for (const auto& row : random_texts({.rows = 20, .min_length = 5, .max_length = 9, .vocab = 20}, 1)) {
    EXPECT_GE(row.tokens.size(), 5u);
    EXPECT_LE(row.tokens.size(), 9u);
    EXPECT_EQ(row.labelled.size(), row.tokens.size());
    for (std::size_t i = 1; i < row.tokens.size(); ++i) {
      EXPECT_EQ(row.tokens[i], row.tokens[i - 1] == 19 ? 3 : row.tokens[i - 1] + 1);
    }
  }
}

TEST(RandomExamples, LogUniformLengthsHalveTheirNumberAsTheyDouble) {
  const RandomExamplesConfig config{
      .rows = 4000, .min_length = 16, .max_length = 511, .lengths = LengthDistribution::LogUniform};
  std::vector<int> octaves(5, 0);  // of 16 to 31, 32 to 63, ..., 256 to 511 tokens
  for (const auto& row : random_texts(config, 1)) {
    ASSERT_GE(row.tokens.size(), 16u);
    ASSERT_LE(row.tokens.size(), 511u);
    ++octaves[static_cast<std::size_t>(std::log2(row.tokens.size())) - 4];
  }
  EXPECT_THAT(octaves, Each(testing::AllOf(testing::Gt(700), testing::Lt(900))));  // 800 each
}

TEST(RandomExamples, PairsShareThePromptAndDifferInTheResponses) {
  for (const auto& row : random_pairs({.rows = 20, .min_length = 6, .max_length = 9, .vocab = 20}, 1)) {
    EXPECT_LE(row.preferred.size(), 9u);
    EXPECT_EQ(row.preferred.front(), row.other.front());
    EXPECT_GE(row.preferred.back(), 11);
    EXPECT_LT(row.other.back(), 11);
  }
}

}  // namespace
}  // namespace ballast
