#include "orchestrator/token_bins.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "orchestrator/draws.h"

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Lengths = std::vector<std::int64_t>;

std::int64_t tokens_of(const Bin& bin, const Lengths& lengths) {
  return std::accumulate(bin.begin(), bin.end(), std::int64_t{0},
                         [&](std::int64_t sum, std::int64_t row) { return sum + lengths[row]; });
}

// 16 to 512, short ones more often.
Lengths mixed_lengths(std::int64_t rows, std::uint64_t seed) {
  Draws draws(seed);
  Lengths lengths;
  for (std::int64_t row = 0; row < rows; ++row) {
    lengths.push_back(static_cast<std::int64_t>(16.0 * std::pow(32.0, draws.share())));
  }
  return lengths;
}

TEST(TokenBins, TheLongestRowsGoFirstEachIntoTheEmptiestBin) {
  EXPECT_THAT(packed({3, 9, 4, 8}, 2), ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
}

TEST(TokenBins, EqualRowsAreTakenInTheirOrder) {
  EXPECT_THAT(packed({5, 5, 5, 5}, 2), ElementsAre(ElementsAre(0, 2), ElementsAre(1, 3)));
}

TEST(TokenBins, BinsThatWouldBeEmptyAreLeftOut) {
  EXPECT_THAT(packed({5, 5}, 4), ElementsAre(ElementsAre(0), ElementsAre(1)));
  EXPECT_THAT(packed({}, 4), IsEmpty());
}

TEST(TokenBins, HoldEveryRowOnceWithinTheBudget) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto lengths = mixed_lengths(1 + static_cast<std::int64_t>(seed) * 3, seed);
    const TokenBudget budget{.tokens = 700, .multiple = 4};
    const auto count = bins_within(budget, lengths);
    EXPECT_EQ(count % 4, 0);
    std::vector<int> seen(lengths.size(), 0);
    for (const auto& bin : packed(lengths, count)) {
      EXPECT_LE(tokens_of(bin, lengths), budget.tokens) << "seed " << seed;
      for (const auto row : bin) ++seen[row];
    }
    EXPECT_THAT(seen, testing::Each(1)) << "seed " << seed;
  }
}

TEST(TokenBins, AreNoMoreThanTheTokensNeed) {
  const auto lengths = mixed_lengths(256, 7);
  const auto tokens = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  EXPECT_LE(bins_within({.tokens = 2048, .multiple = 1}, lengths), tokens / 2048 + 2);
}

TEST(TokenBins, ARowThatIsLongerThanTheBudgetStaysAlone) {
  const Lengths lengths{2, 50, 3};
  const auto bins = packed(lengths, bins_within({.tokens = 10, .multiple = 1}, lengths));
  EXPECT_THAT(bins, testing::Contains(ElementsAre(1)));
}

TEST(TokenBins, OfAMixBalanceTheReplicas) {
  const auto lengths = mixed_lengths(64, 3);
  std::vector<std::int64_t> tokens;
  for (const auto& bin : packed(lengths, bins_within({.tokens = 1024, .multiple = 4}, lengths))) {
    tokens.push_back(tokens_of(bin, lengths));
  }
  EXPECT_LT(token_imbalance(tokens, 0, 4), 1.1);
}

TEST(TokenImbalance, IsTheMostOverTheMean) {
  EXPECT_DOUBLE_EQ(token_imbalance({1, 2, 3}, 0, 2), 4.0 / 3.0);
  EXPECT_DOUBLE_EQ(token_imbalance({1, 2, 3}, 1, 2), 4.0 / 3.0);  // begins on the second replica
  EXPECT_DOUBLE_EQ(token_imbalance({5}, 0, 4), 4.0);
  EXPECT_DOUBLE_EQ(token_imbalance({}, 0, 4), 1.0);
}

}  // namespace
}  // namespace ballast
