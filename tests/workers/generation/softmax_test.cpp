#include "workers/generation/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "workers/generation/sampling.h"

namespace ballast {
namespace {

constexpr float impossible = -std::numeric_limits<float>::infinity();

std::vector<double> reference(const std::vector<float>& logits) {
  double total = 0.0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit));
  std::vector<double> log_probs;
  for (const float logit : logits) log_probs.push_back(logit - std::log(total));
  return log_probs;
}

TEST(Softmax, GivesLogProbsForVocabulariesOfAnySize) {
  for (const std::int64_t vocab : {1, 15, 16, 64, 65, 320, 1000}) {
    std::vector<float> logits(vocab);
    for (std::int64_t i = 0; i < vocab; ++i) logits[i] = 20.0F * std::sin(static_cast<float>(i * i));
    const auto expected = reference(logits);
    Softmax softmax(vocab);
    softmax.take(logits);
    for (std::int64_t i = 0; i < vocab; ++i)
      EXPECT_NEAR(softmax.log_prob(i), expected[i], 4e-6) << i << " of " << vocab;
  }
}

TEST(Softmax, WeighsTokensAsTheExponentialFunctionDoes) {
  std::vector<float> logits(1000);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = -0.1F * static_cast<float>(i);
  Softmax softmax(1000);
  softmax.take(logits);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double expected = std::exp(static_cast<double>(logits[i]));
    EXPECT_NEAR(softmax.weights()[i], expected, logits[i] < -87.0F ? 1e-37 : 3e-7 * expected) << logits[i];
  }
}

TEST(Softmax, PicksTokensAsOftenAsTheirProbabilitySays) {
  constexpr int draws = 20000;
  std::vector<float> logits(70, impossible);
  logits[1] = 0.5F;
  logits[2] = -1.0F;
  logits[63] = 2.0F;
  logits[69] = 0.0F;
  Softmax softmax(70);
  softmax.take(logits);
  std::vector<int> counts(70);
  for (int i = 0; i < draws; ++i) ++counts[softmax.token_at(uniform({.seed = 3, .row_id = i}))];
  for (int token = 0; token < 70; ++token) {
    EXPECT_NEAR(counts[token] / static_cast<double>(draws), std::exp(softmax.log_prob(token)), 0.015) << token;
  }
}

TEST(Softmax, NeverPicksAnImpossibleToken) {
  for (const std::size_t possible : {0, 1, 63, 64, 99}) {
    std::vector<float> logits(100, impossible);
    logits[possible] = 1.0F;
    Softmax softmax(100);
    softmax.take(logits);
    for (const double draw : {0.0, 0.5, 1.0 - 1e-16}) EXPECT_EQ(softmax.token_at(draw), possible);
  }
}

TEST(Softmax, PassesANumberThatIsNotFiniteOn) {
  Softmax softmax(3);
  softmax.take(std::vector<float>{0.0F, std::numeric_limits<float>::quiet_NaN(), 1.0F});
  const auto token = softmax.token_at(0.5);
  EXPECT_GE(token, 0);
  EXPECT_LT(token, 3);
  EXPECT_TRUE(std::isnan(softmax.log_prob(token)));
}

}  // namespace
}  // namespace ballast
