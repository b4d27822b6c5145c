// Models on a GPU against the same models on the CPU, weights and tokens being the same.
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "workers/device.h"
#include "workers/learner.h"
#include "workers/model/causal_lm.h"
#include "workers/model/score_model.h"

namespace ballast {
namespace {

class GpuModel : public testing::Test {
 protected:
  void SetUp() override {
    if (!cuda_obstacle().empty()) GTEST_SKIP() << "this machine has no CUDA device that this build can use";
  }
};

ModelSource source_of(ComputeDType dtype, Family family = Family::Llama) {
  return {.random = RandomModelConfig{.family = family, .hidden = 128, .heads = 4, .kv_heads = 2, .max_length = 64},
          .seed = 7,
          .dtype = dtype};
}

PackedTokens some_text() {
  std::vector<std::vector<std::int64_t>> sequences(5);
  std::int64_t token = 3;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    for (std::size_t t = 0; t < 9 + 11 * i; ++t) sequences[i].push_back(token = (token * 31 + 7) % 128);
  }
  return PackedTokens::from_sequences(sequences);
}

struct Passed {
  torch::Tensor log_probs_N;
  torch::Tensor gradient;  // flat
};

Passed pass(const ModelSource& source, c10::Device device) {
  const auto model = CausalLM::from_source(source, Use::Learn, device);
  const auto log_probs_N = model->next_token_log_probs(some_text().to(device));
  log_probs_N.sum().backward();
  return {log_probs_N.detach().cpu(), model->parameters().flat_gradient().cpu()};
}

double relative_difference(const torch::Tensor& found, const torch::Tensor& expected) {
  return ((found - expected).norm() / expected.norm()).item<double>();
}

TEST_F(GpuModel, ComputesTheCpusLogProbsAndGradientsInFloat32) {
  for (const Family family : {Family::Llama, Family::Gpt2}) {
    const auto source = source_of(ComputeDType::float32, family);
    const auto expected = pass(source, c10::kCPU);
    const auto found = pass(source, cuda_device_of(0));
    EXPECT_LT(relative_difference(found.log_probs_N, expected.log_probs_N), 1e-4);
    EXPECT_LT(relative_difference(found.gradient, expected.gradient), 1e-3);
  }
}

// Flash attention over sequences of several lengths, two heads of queries to each of keys.
TEST_F(GpuModel, ComputesTheCpusLogProbsAndGradientsInBfloat16) {
  const auto expected = pass(source_of(ComputeDType::float32), c10::kCPU);
  const auto found = pass(source_of(ComputeDType::bfloat16), cuda_device_of(0));
  EXPECT_LT(relative_difference(found.log_probs_N, expected.log_probs_N), 2e-2);
  EXPECT_LT(relative_difference(found.gradient, expected.gradient), 8e-2);
}

TEST_F(GpuModel, AttendsOverASlidingWindowAsTheCpuDoes) {
  const auto device = cuda_device_of(0);
  const std::vector<std::int64_t> cu_lengths{0, 5, 40};
  const AttentionSite site{.layer = 0, .scale = 0.2, .window = 7};
  const auto random = [](std::int64_t heads) {
    return at::randn({40, heads, 16}, at::make_generator<at::CPUGeneratorImpl>(3)).to(at::kBFloat16);
  };
  const AttentionInput input{.q_NHD = random(4), .k_NKD = random(2), .v_NKD = random(2)};
  const auto expected = packed_attention(cu_lengths)(site, input);
  const auto found = packed_attention(cu_lengths)(
      site, {.q_NHD = input.q_NHD.to(device), .k_NKD = input.k_NKD.to(device), .v_NKD = input.v_NKD.to(device)});
  EXPECT_LT(relative_difference(found.cpu().to(at::kFloat), expected.to(at::kFloat)), 1e-2);
}

TEST_F(GpuModel, ScoresAsTheCpuDoes) {
  const auto scores = [](c10::Device device) {
    const auto model = ScoreModel::from_source(source_of(ComputeDType::float32), ScoreType::Reward, Use::Infer, device);
    return model->end_scores(some_text().to(device)).cpu();
  };
  const torch::NoGradGuard no_grad;
  EXPECT_LT(relative_difference(scores(cuda_device_of(0)), scores(c10::kCPU)), 1e-3);
}

TEST_F(GpuModel, StepsAsTheCpuDoes) {
  const auto weights_after = [](c10::Device device) {
    auto model = CausalLM::from_source(source_of(ComputeDType::float32), Use::Learn, device);
    auto& parameters = model->parameters();
    AdamW optimizer(parameters, {.learning_rate = 1e-2, .weight_decay = 0.1}, 3);
    const auto size = parameters.flat_gradient().numel();
    for (int step = 1; step <= 3; ++step) {
      parameters.flat_gradient().copy_(at::linspace(-1.0, 1.0, size) * step);
      optimizer.step();
    }
    return parameters.flat().cpu();
  };
  EXPECT_LT(relative_difference(weights_after(cuda_device_of(0)), weights_after(c10::kCPU)), 1e-5);
}

}  // namespace
}  // namespace ballast
