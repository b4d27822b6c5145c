#include "workers/model/rotary.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ballast {
namespace {

ModelConfig heads_of(std::int64_t head_dim) {
  ModelConfig config;
  config.head_dim = head_dim;
  return config;
}

void expect_frequencies(const ModelConfig& config, const std::vector<double>& expected) {
  EXPECT_TRUE(torch::allclose(rotary_frequencies(config), torch::tensor(expected, torch::kFloat32), 1e-6, 0.0))
      << rotary_frequencies(config);
}

// The lists are inv_freq of LlamaRotaryEmbedding, transformers 4.57.6, for head_dim 12.
TEST(Rotary, HasTransformersFrequencies) {
  expect_frequencies(heads_of(12), {1.0, 0.215443447, 0.046415884, 0.00999999978, 0.00215443433, 0.000464158948});
}

TEST(Rotary, StretchesAllFrequenciesLinearly) {
  auto config = heads_of(12);
  config.rope_scaling = {.type = RopeScalingType::Linear, .factor = 4.0};
  expect_frequencies(config, {0.25, 0.0538608618, 0.011603971, 0.00249999994, 0.000538608583, 0.000116039737});
}

// theta 500, factor 8, low 1, high 4, original length 64: two frequencies stay, one is blended, three are stretched.
TEST(Rotary, BlendsFrequenciesAsLlama3) {
  auto config = heads_of(12);
  config.rope_theta = 500.0;
  config.rope_scaling = {.type = RopeScalingType::Llama3, .factor = 8.0, .original_max_positions = 64};
  expect_frequencies(config, {1.0, 0.315150023, 0.026161287, 0.00559017016, 0.0019842512, 0.000704317412});
}

TEST(Rotary, TurnsPairsByTheirAngle) {
  const Rotation rotation(torch::tensor({0, 3}), torch::tensor({0.5F}));
  const torch::Tensor turned = rotation.apply(torch::tensor({1.F, 2.F, 1.F, 2.F}).view({2, 1, 2}));
  const double c = std::cos(1.5), s = std::sin(1.5);
  EXPECT_TRUE(torch::allclose(turned.flatten(), torch::tensor({1.0, 2.0, c - 2 * s, 2 * c + s}, torch::kFloat32)));
}

TEST(Rotary, TurnsQueriesAndKeysOfJoinedHeadsAndTheirGradients) {
  torch::manual_seed(1);
  const HeadShape heads{.queries = 4, .keys = 2, .head_dim = 6};
  const Rotation rotation(torch::tensor({0, 3, 7}), rotary_frequencies(heads_of(6)));
  const torch::Tensor x = torch::randn({3, 48}).requires_grad_(true);
  const AttentionInput turned = rotation.apply(x * 1.0, heads), parts = split_heads(x, heads);
  const std::vector<torch::Tensor> found{turned.q_NHD, turned.k_NKD, turned.v_NKD};
  const std::vector<torch::Tensor> due{rotation.apply(parts.q_NHD), rotation.apply(parts.k_NKD), parts.v_NKD};
  const torch::Tensor weights = torch::randn({3, 8, 6});
  const auto gradient = [&](const std::vector<torch::Tensor>& heads_of_three) {
    return torch::autograd::grad({(torch::cat(heads_of_three, 1) * weights).sum()}, {x})[0];
  };
  for (std::size_t i = 0; i < due.size(); ++i) EXPECT_TRUE(torch::allclose(found[i], due[i], 1e-5, 1e-6)) << i;
  EXPECT_TRUE(torch::allclose(gradient(found), gradient(due), 1e-5, 1e-6));
}

TEST(Rotary, MakesScoresDependOnTheDistanceAlone) {
  torch::manual_seed(1);
  const torch::Tensor q = torch::randn({1, 1, 8}), k = torch::randn({1, 1, 8});
  const torch::Tensor frequencies = rotary_frequencies(heads_of(8));
  const auto score = [&](std::int64_t query_at, std::int64_t key_at) {
    const auto turn = [&](const torch::Tensor& x, std::int64_t at) {
      return Rotation(torch::tensor({at}), frequencies).apply(x);
    };
    return (turn(q, query_at) * turn(k, key_at)).sum().item<double>();
  };
  EXPECT_NEAR(score(7, 3), score(14, 10), 1e-5);
  EXPECT_GT(std::abs(score(7, 3) - score(7, 4)), 1e-3);
}

}  // namespace
}  // namespace ballast
