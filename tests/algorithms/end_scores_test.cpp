#include "algorithms/end_scores.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/algorithms/close.h"

namespace ballast {
namespace {

TEST(EndScores, AreTheScoresOfTheLastTokenUnderAnyPadding) {
  const auto scores = torch::tensor({{{1.0}, {2.0}, {3.0}}, {{4.0}, {5.0}, {6.0}}});
  const auto mask = torch::tensor({{true, true, false}, {false, true, true}});
  EXPECT_THAT(at_end(scores, mask), IsClose(torch::tensor({{2.0}, {6.0}})));
}

TEST(EndScores, ARowWithoutTokensIsNamed) {
  const auto mask = torch::tensor({{true, false}, {false, false}});
  EXPECT_THAT([&] { end_index(mask); },
              testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("row 1 of 2")));
}

TEST(EndScores, OfABfloat16HeadAreFloat32AndTheBiasIsOptional) {
  const auto hidden = torch::tensor({{1.0, 2.0}}).to(torch::kBFloat16);
  const auto weight = torch::tensor({{3.0, 0.5}}).to(torch::kBFloat16);
  const auto scores = token_scores(hidden, weight, std::nullopt);
  EXPECT_EQ(scores.scalar_type(), torch::kFloat32);
  EXPECT_THAT(scores, IsClose(torch::tensor({{4.0}})));
  EXPECT_THAT(token_scores(hidden, weight, torch::tensor({1.0}).to(torch::kBFloat16)), IsClose(torch::tensor({{5.0}})));
}

}  // namespace
}  // namespace ballast
