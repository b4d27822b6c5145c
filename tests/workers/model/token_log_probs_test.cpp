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

// 2^19 ids allow 32 rows at a time: two slices, the last of one row.
TEST(TokenLogProbs, DoNotShowTheSeamsBetweenSlices) {
  expect_equal_to_log_softmax(draw(33, 1 << 19, torch::kFloat64), 1e-10);
}

// More ids than lanes, and a rest.
TEST(TokenLogProbs, EqualLogSoftmaxInFloat32) { expect_equal_to_log_softmax(draw(21, 77, torch::kFloat32), 1e-5); }

TEST(TokenLogProbs, EqualLogSoftmaxOfRoundedLogitsInBfloat16) {
  const auto in = draw(21, 77, torch::kBFloat16);
  const torch::Tensor logits = at::linear(in.hidden_ME, in.weight_VE).to(torch::kFloat32);
  const torch::Tensor expected = logits.log_softmax(1).gather(1, in.ids_M.unsqueeze(1)).squeeze(1);
  const torch::Tensor actual = token_log_probs(in.hidden_ME, in.weight_VE, in.ids_M);
  EXPECT_TRUE(torch::allclose(actual, expected, 1e-5, 1e-5));
  const torch::Tensor weights_M = torch::randn_like(expected);
  const auto found = torch::autograd::grad({(actual * weights_M).sum()}, {in.hidden_ME, in.weight_VE});
  const auto due = torch::autograd::grad({(expected * weights_M).sum()}, {in.hidden_ME, in.weight_VE});
  for (std::size_t i = 0; i < due.size(); ++i)
    EXPECT_TRUE(torch::allclose(found[i], due[i], 3e-2, 3e-2)) << "gradient " << i;
}

torch::Tensor some_loss(const torch::Tensor& log_probs, const torch::Tensor& weights) {
  return (log_probs.square() * weights).sum();
}

// Two slices, so that the loss is asked for in parts.
TEST(TokenLoss, EqualsTheSameLossOnTheLogProbsWithItsGradients) {
  for (const auto dtype : {torch::kFloat64, torch::kFloat32}) {
    const auto in = draw(515, 40, dtype);
    const torch::Tensor weights_M = torch::randn({515}, dtype);
    const auto found = token_loss(in.hidden_ME, in.weight_VE, in.ids_M, [&](const auto& log_probs, std::int64_t begin) {
      return some_loss(log_probs, weights_M.narrow(0, begin, log_probs.size(0)));
    });
    const torch::Tensor log_probs_M = token_log_probs(in.hidden_ME, in.weight_VE, in.ids_M);
    EXPECT_TRUE(torch::equal(found.log_probs_M, log_probs_M));
    EXPECT_FALSE(found.log_probs_M.requires_grad());
    const torch::Tensor loss = some_loss(log_probs_M, weights_M);
    EXPECT_TRUE(torch::allclose(found.loss, loss, 1e-4));
    const auto gradients = torch::autograd::grad({found.loss * 3.0}, {in.hidden_ME, in.weight_VE});
    const auto due = torch::autograd::grad({loss * 3.0}, {in.hidden_ME, in.weight_VE});
    for (std::size_t i = 0; i < due.size(); ++i)
      EXPECT_TRUE(torch::allclose(gradients[i], due[i], 1e-4, 1e-3)) << "gradient " << i;
  }
}

TEST(TokenLoss, HasTheSameValueWithoutGradients) {
  const auto in = draw(9, 40, torch::kFloat32);
  const auto sum = [](const torch::Tensor& log_probs, std::int64_t) { return -log_probs.sum(); };
  const torch::Tensor loss = token_loss(in.hidden_ME, in.weight_VE, in.ids_M, sum).loss;
  const torch::NoGradGuard no_grad;
  EXPECT_FLOAT_EQ(token_loss(in.hidden_ME, in.weight_VE, in.ids_M, sum).loss.item<float>(), loss.item<float>());
}

TEST(TokenLoss, OfNoRowsIsZeroWithAGradient) {
  const auto in = draw(0, 13, torch::kFloat32);
  const auto found = token_loss(in.hidden_ME, in.weight_VE, in.ids_M,
                                [](const torch::Tensor& log_probs, std::int64_t) { return log_probs.sum(); });
  EXPECT_EQ(found.loss.item<float>(), 0.0F);
  EXPECT_NO_THROW(found.loss.backward());
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
