#include "workers/model/token_log_probs.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

struct Inputs {
  torch::Tensor hidden_ME;
  torch::Tensor weight_VE;
  torch::Tensor ids_M;
};

Inputs draw(std::int64_t M, std::int64_t V, torch::ScalarType dtype) {
  torch::manual_seed(11);
  return {.hidden_ME = torch::randn({M, 3}, dtype).requires_grad_(true),
          .weight_VE = torch::randn({V, 3}, dtype).requires_grad_(true),
          .ids_M = torch::randint(V, {M}, torch::kInt64)};
}

void expect_equal_to_log_softmax(const Inputs& in, double tolerance) {
  const torch::Tensor actual = token_log_probs(in.hidden_ME, in.weight_VE, in.ids_M);
  const torch::Tensor expected =
      at::linear(in.hidden_ME, in.weight_VE).log_softmax(1).gather(1, in.ids_M.unsqueeze(1)).squeeze(1);
  EXPECT_TRUE(torch::allclose(actual, expected, tolerance, tolerance));
  const torch::Tensor weights_M = torch::randn_like(expected);
  const auto found = torch::autograd::grad({(actual * weights_M).sum()}, {in.hidden_ME, in.weight_VE});
  const auto due = torch::autograd::grad({(expected * weights_M).sum()}, {in.hidden_ME, in.weight_VE});
  for (std::size_t i = 0; i < due.size(); ++i)
    EXPECT_TRUE(torch::allclose(found[i], due[i], tolerance, tolerance)) << "gradient " << i;
}

TEST(TokenLogProbs, EqualLogSoftmaxWithItsGradients) {
  expect_equal_to_log_softmax(draw(7, 13, torch::kFloat64), 1e-12);
}

// 2^19 ids allow 16 rows at a time: three slices, the last of one row.
TEST(TokenLogProbs, DoNotShowTheSeamsBetweenSlices) {
  expect_equal_to_log_softmax(draw(33, 1 << 19, torch::kFloat64), 1e-10);
}

TEST(TokenLogProbs, StayFiniteForLogitsThatOverflowAnExponential) {
  const torch::Tensor hidden = torch::full({1, 1}, 1000.F).requires_grad_(true);
  const torch::Tensor weight = torch::tensor({{1.F}, {-1.F}});
  const torch::Tensor log_probs = token_log_probs(hidden, weight, torch::zeros({1}, torch::kInt64));
  EXPECT_FLOAT_EQ(log_probs.item<float>(), 0.F);
  log_probs.sum().backward();
  EXPECT_TRUE(hidden.grad().isfinite().all().item<bool>());
}

TEST(TokenLogProbs, HaveAZeroGradientForNoRows) {
  const auto in = draw(0, 13, torch::kFloat32);
  const torch::Tensor log_probs = token_log_probs(in.hidden_ME, in.weight_VE, in.ids_M);
  EXPECT_EQ(log_probs.numel(), 0);
  EXPECT_NO_THROW(log_probs.sum().backward());
}

}  // namespace
}  // namespace ballast
