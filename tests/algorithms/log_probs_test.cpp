#include "algorithms/log_probs.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/algorithms/close.h"

namespace ballast {
namespace {

TEST(LogProbs, AreTheLogOfTheSoftmaxAtTheLabel) {
  const auto logits = torch::log(torch::tensor({{0.2, 0.3, 0.5}, {2.0, 1.0, 1.0}}));
  const auto expected = torch::log(torch::tensor({0.5, 0.25}));
  EXPECT_THAT(gather_log_probs(logits, torch::tensor({2, 1})), IsClose(expected));
}

TEST(LogProbs, DoNotOverflow) {
  EXPECT_THAT(gather_log_probs(torch::tensor({1000.0, 0.0}), torch::tensor(1)), IsClose(torch::tensor(-1000.0)));
}

TEST(LogProbs, OfBfloat16LogitsAreFloat32) {
  const auto logits = torch::tensor({1.0, 2.0, 3.0}).to(torch::kBFloat16);
  const auto log_probs = gather_log_probs(logits, torch::tensor(0));
  EXPECT_EQ(log_probs.scalar_type(), torch::kFloat32);
  EXPECT_THAT(log_probs, IsClose(gather_log_probs(logits.to(torch::kFloat32), torch::tensor(0))));
}

}  // namespace
}  // namespace ballast
