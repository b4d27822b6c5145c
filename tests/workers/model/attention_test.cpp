#include "workers/model/attention.h"

#include <gtest/gtest.h>

#include <limits>
#include <tuple>

namespace ballast {
namespace {

struct Heads {
  std::int64_t queries = 0;
  std::int64_t keys = 0;
};

// Written out over the whole packed batch with one mask [N, N]: same sequence, not later, inside the window.
torch::Tensor reference(const AttentionSite& site, const AttentionInput& input,
                        const std::vector<std::int64_t>& cu_lengths) {
  const std::int64_t N = cu_lengths.back();
  torch::Tensor visible_NN = torch::zeros({N, N}, torch::kBool);
  for (std::size_t b = 0; b + 1 < cu_lengths.size(); ++b)
    for (std::int64_t i = cu_lengths[b]; i < cu_lengths[b + 1]; ++i)
      for (std::int64_t j = cu_lengths[b]; j <= i; ++j) visible_NN[i][j] = !site.window || j > i - *site.window;
  const std::int64_t group = input.q_NHD.size(1) / input.k_NKD.size(1);
  std::vector<torch::Tensor> heads;
  for (std::int64_t h = 0; h < input.q_NHD.size(1); ++h) {
    const torch::Tensor scores_NN =
        torch::mm(input.q_NHD.select(1, h), input.k_NKD.select(1, h / group).t()) * site.scale;
    const torch::Tensor weights_NN =
        scores_NN.masked_fill(visible_NN.logical_not(), -std::numeric_limits<double>::infinity()).softmax(1);
    heads.push_back(torch::mm(weights_NN, input.v_NKD.select(1, h / group)));
  }
  return torch::stack(heads, 1);
}

class PackedAttention : public testing::TestWithParam<std::tuple<Heads, std::optional<std::int64_t>>> {};

TEST_P(PackedAttention, EqualsTheFormulaAndItsGradients) {
  const auto& [heads, window] = GetParam();
  // Two sequences are empty, one has a single token, three of one length follow each other.
  const std::vector<std::int64_t> cu_lengths{0, 5, 5, 6, 13, 20, 20, 27};
  torch::manual_seed(3);
  const auto draw = [](std::int64_t count) {
    return torch::randn({27, count, 6}, torch::kFloat64).requires_grad_(true);
  };
  const AttentionInput input{.q_NHD = draw(heads.queries), .k_NKD = draw(heads.keys), .v_NKD = draw(heads.keys)};
  const AttentionSite site{.layer = 0, .scale = 0.37, .window = window};
  const torch::Tensor actual = packed_attention(cu_lengths)(site, input);
  const torch::Tensor expected = reference(site, input, cu_lengths);
  EXPECT_TRUE(torch::allclose(actual, expected, 1e-10, 1e-12));
  const torch::Tensor weights = torch::randn_like(expected);
  const auto gradients = [&](const torch::Tensor& output) {
    return torch::autograd::grad({(output * weights).sum()}, {input.q_NHD, input.k_NKD, input.v_NKD});
  };
  const auto found = gradients(actual);
  const auto due = gradients(expected);
  for (std::size_t i = 0; i < due.size(); ++i) EXPECT_TRUE(torch::allclose(found[i], due[i], 1e-9, 1e-11)) << i;
}

// Joined heads are attended to by own kernels where there are some; the formula is computed in float64.
void expect_joined(const Heads& heads, std::optional<std::int64_t> window, torch::ScalarType dtype, double tolerance) {
  const std::vector<std::int64_t> cu_lengths{0, 50, 50, 51, 150, 167, 184};
  const AttentionSite site{.layer = 0, .scale = 0.37, .window = window};
  torch::manual_seed(3);
  const HeadShape shape{.queries = heads.queries, .keys = heads.keys, .head_dim = 24};
  const torch::Tensor joined =
      torch::randn({184, (heads.queries + 2 * heads.keys) * 24}).to(dtype).requires_grad_(true);
  const torch::Tensor exact = joined.detach().to(torch::kFloat64).requires_grad_(true);
  const torch::Tensor actual = packed_attention(cu_lengths)(site, split_heads(joined, shape));
  const torch::Tensor expected = reference(site, split_heads(exact, shape), cu_lengths);
  EXPECT_TRUE(torch::allclose(actual.to(torch::kFloat64), expected, tolerance, tolerance));
  const torch::Tensor weights = torch::randn_like(expected).to(dtype);
  (actual * weights).sum().backward();
  (expected * weights.to(torch::kFloat64)).sum().backward();
  EXPECT_TRUE(torch::allclose(joined.grad().to(torch::kFloat64), exact.grad(), tolerance, tolerance));
}

TEST_P(PackedAttention, OfJoinedHeadsEqualsTheFormulaAndItsGradients) {
  const auto& [heads, window] = GetParam();
  expect_joined(heads, window, torch::kFloat32, 2e-5);
  expect_joined(heads, window, torch::kBFloat16, 6e-2);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PackedAttention,
                         testing::Combine(testing::Values(Heads{4, 4}, Heads{4, 2}, Heads{6, 1}),
                                          testing::Values(std::nullopt, 1, 3, 7, 100)));

TEST(PackedAttention, GivesASequenceTheBitsThatItHasAlone) {
  torch::manual_seed(4);
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    const auto draw = [&](std::int64_t count) { return torch::randn({60, count, 32}, dtype); };
    const AttentionInput input{.q_NHD = draw(4), .k_NKD = draw(2), .v_NKD = draw(2)};
    const torch::Tensor together = packed_attention({0, 20, 40, 60})({}, input);
    for (const std::int64_t begin : {0, 20, 40}) {
      const auto part = [&](const torch::Tensor& x) { return x.narrow(0, begin, 20); };
      const torch::Tensor alone = packed_attention({0, 20})(
          {}, {.q_NHD = part(input.q_NHD), .k_NKD = part(input.k_NKD), .v_NKD = part(input.v_NKD)});
      EXPECT_TRUE(torch::equal(part(together), alone)) << dtype << ", sequence from " << begin;
    }
  }
}

TEST(PackedAttention, LeavesABatchWithoutTokensEmpty) {
  const torch::Tensor nothing = torch::zeros({0, 2, 4});
  EXPECT_EQ(packed_attention({0, 0})({}, {.q_NHD = nothing, .k_NKD = nothing, .v_NKD = nothing}).numel(), 0);
}

}  // namespace
}  // namespace ballast
