#include "workers/generation/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

namespace ballast {
namespace {

const std::vector<float> logits{2.0F, -1.0F, 0.5F, 1.5F, 0.4F, -3.0F, 1.0F, 0.0F};
const std::vector<std::int64_t> seen{3, 1};
const std::vector<std::int64_t> eos{0};

// What is drawn over a fine grid of draws: token -> log-probability of sampling it.
std::map<std::int64_t, float> distribution(const SamplingConfig& config, bool may_end = true,
                                           const std::vector<float>& of = logits) {
  Sampler sampler(config, eos, static_cast<std::int64_t>(of.size()));
  std::map<std::int64_t, float> result;
  constexpr int draws = 4000;
  for (int i = 0; i < draws; ++i) {
    const auto choice = sampler.choose(of, {.seen = seen, .may_end = may_end, .draw = static_cast<double>(i) / draws});
    result[choice.token] = choice.sampling_log_prob;
  }
  return result;
}

struct Case {
  SamplingConfig config;
  bool may_end = true;
  std::map<std::int64_t, double> log_probs;  // of the tokens that are left
};

// By the logits processors of transformers 4.57.6 on `logits`, ids [3, 1, 3] so far, EOS 0: repetition penalty, ban of
// EOS, temperature, top-k, top-p; then log_softmax in float64.
const std::vector<Case> cases{
    {{},
     true,
     {{0, -0.9521586},
      {1, -3.9521586},
      {2, -2.4521586},
      {3, -1.4521586},
      {4, -2.5521585},
      {5, -5.9521586},
      {6, -1.9521586},
      {7, -2.9521586}}},
    {{.temperature = 0.7},
     true,
     {{0, -0.7031965},
      {1, -4.9889109},
      {2, -2.8460537},
      {3, -1.4174824},
      {4, -2.9889109},
      {5, -7.8460536},
      {6, -2.131768},
      {7, -3.5603395}}},
    {{.repetition_penalty = 1.2},
     true,
     {{0, -0.8953155},
      {1, -4.0953156},
      {2, -2.3953155},
      {3, -1.6453155},
      {4, -2.4953155},
      {5, -5.8953155},
      {6, -1.8953155},
      {7, -2.8953155}}},
    {{},
     false,
     {{1, -3.4645495},
      {2, -1.9645495},
      {3, -0.9645495},
      {4, -2.0645495},
      {5, -5.4645495},
      {6, -1.4645495},
      {7, -2.4645495}}},
    {{.top_k = 3}, true, {{0, -0.6802697}, {3, -1.1802697}, {6, -1.6802697}}},
    {{.top_k = 4}, true, {{0, -0.7873387}, {2, -2.2873387}, {3, -1.2873387}, {6, -1.7873387}}},
    {{.top_p = 0.9}, true, {{0, -0.875234}, {2, -2.375234}, {3, -1.375234}, {4, -2.475234}, {6, -1.875234}}},
    {{.top_p = 0.5}, true, {{0, -0.474077}, {3, -0.974077}}},
    {{.top_p = 0.01}, true, {{0, 0.0}}},
    {{.temperature = 0.7, .top_p = 0.9, .repetition_penalty = 1.2},
     true,
     {{0, -0.5303276}, {2, -2.6731848}, {3, -1.6017563}, {6, -1.9588991}}},
    {{.temperature = 0.7, .top_k = 5, .top_p = 0.8, .repetition_penalty = 1.2},
     false,
     {{2, -1.785452}, {3, -0.7140235}, {6, -1.0711663}}},
};

TEST(Sampler, FiltersAsTransformersDoes) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    const auto found = distribution(cases[i].config, cases[i].may_end);
    ASSERT_EQ(found.size(), cases[i].log_probs.size());
    for (const auto& [token, log_prob] : cases[i].log_probs) {
      ASSERT_TRUE(found.contains(token)) << token;
      EXPECT_NEAR(found.at(token), log_prob, 1e-6) << token;
    }
  }
}

TEST(Sampler, ReportsTheModelsOwnLogProbWhateverTheFilters) {
  Sampler sampler({.temperature = 0.7, .top_p = 0.5, .repetition_penalty = 1.2}, eos, 8);
  EXPECT_NEAR(sampler.choose(logits, {.seen = seen, .draw = 0.0}).log_prob, -0.9521586, 1e-6);
}

TEST(Sampler, DrawsEachTokenAsOftenAsItSays) {
  const SamplingConfig config{.temperature = 0.7, .top_p = 0.9, .repetition_penalty = 1.2};
  constexpr int draws = 10000;
  Sampler sampler(config, eos, 8);
  std::map<std::int64_t, int> counts;
  for (int i = 0; i < draws; ++i) ++counts[sampler.choose(logits, {.seen = seen, .draw = (i + 0.5) / draws}).token];
  for (const auto& [token, log_prob] : distribution(config)) {
    EXPECT_NEAR(counts[token] / static_cast<double>(draws), std::exp(log_prob), 2e-4) << token;
  }
}

TEST(Sampler, TakesTheLowestOfTheLikeliestTokensAtTemperatureZero) {
  Sampler sampler({.temperature = 0.0}, eos, 4);
  const auto choice = sampler.choose(std::vector<float>{0.0F, 2.0F, 2.0F, 1.0F}, {.draw = 0.99});
  EXPECT_EQ(choice.token, 1);
  EXPECT_EQ(choice.sampling_log_prob, 0.0F);
  EXPECT_NEAR(choice.log_prob, -0.9, 0.2);
}

TEST(Sampler, RespectsPenaltyAndBanAtTemperatureZero) {
  const std::vector<std::int64_t> both{0, 3};
  Sampler sampler({.temperature = 0.0, .repetition_penalty = 4.0}, eos, 8);
  EXPECT_EQ(sampler.choose(logits, {.seen = seen, .may_end = false}).token, 6);
  EXPECT_EQ(sampler.choose(logits, {.seen = both}).token, 6);
}

TEST(Sampler, KeepsAllTokensAsLikelyAsTheKth) {
  const auto found = distribution({.top_k = 2}, true, {1.0F, 2.0F, 1.0F, 0.0F});
  EXPECT_EQ(found.size(), 3u);
}

TEST(Sampler, KeepsTheLowerIdsWhereTopPCutsThroughEquals) {
  const auto found = distribution({.top_p = 0.5}, true, {1.0F, 1.0F, 1.0F, 1.0F});
  EXPECT_EQ(found.size(), 2u);
  EXPECT_TRUE(found.contains(0) && found.contains(1));
}

TEST(Sampler, LeavesWhatIsLargerThanTheVocabularyAlone) { EXPECT_EQ(distribution({.top_k = 100}).size(), 8u); }

}  // namespace
}  // namespace ballast
