#include "workers/training/optimizer.h"

#include <gmock/gmock.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adamw.h>

#include <cmath>
#include <limits>

#include "tests/comm/loopback_ranks.h"

namespace ballast {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

Parameters three_parameters() {
  Parameters parameters({{.name = "w.weight", .shape = {7, 5}},
                         {.name = "input_layernorm.weight", .shape = {5}},
                         {.name = "v.weight", .shape = {3}}},
                        Use::Learn);
  torch::manual_seed(1);
  const torch::NoGradGuard no_grad;
  for (const auto& segment : parameters.segments()) parameters.at(segment.spec.name).normal_();
  return parameters;
}

void draw_gradients(Parameters& parameters, double scale) {
  for (const auto& segment : parameters.segments()) {
    const auto leaf = parameters.at(segment.spec.name);
    leaf.grad().copy_(torch::randn_like(leaf) * scale);
  }
}

TEST(AdamW, EqualsTorchWithClippingAndDecayWhereItIsDue) {
  auto parameters = three_parameters();
  std::vector<torch::Tensor> decayed, not_decayed;
  for (const auto& segment : parameters.segments()) {
    auto copy = parameters.at(segment.spec.name).detach().clone().requires_grad_();
    (segment.decayed ? decayed : not_decayed).push_back(copy);
  }
  const auto options = [](double decay) {
    return torch::optim::AdamWOptions(0.01).betas({0.9, 0.95}).eps(1e-8).weight_decay(decay);
  };
  torch::optim::AdamW torch_decayed(decayed, options(0.1)), torch_not_decayed(not_decayed, options(0.0));
  AdamW optimizer(parameters, {.learning_rate = 0.01, .weight_decay = 0.1}, 10);
  for (int step = 0; step < 5; ++step) {
    draw_gradients(parameters, step < 3 ? 2.0 : 0.01);  // clipped, then not
    std::size_t next_decayed = 0, next_not_decayed = 0;
    std::vector<torch::Tensor> all;
    for (const auto& segment : parameters.segments()) {
      auto& twin = segment.decayed ? decayed[next_decayed++] : not_decayed[next_not_decayed++];
      twin.mutable_grad() = parameters.at(segment.spec.name).grad().clone();
      all.push_back(twin);
    }
    const double expected_norm = torch::nn::utils::clip_grad_norm_(all, 1.0);
    torch_decayed.step();
    torch_not_decayed.step();
    EXPECT_NEAR(optimizer.step(), expected_norm, 1e-5 * expected_norm);
    next_decayed = next_not_decayed = 0;
    for (const auto& segment : parameters.segments()) {
      const auto& twin = segment.decayed ? decayed[next_decayed++] : not_decayed[next_not_decayed++];
      EXPECT_TRUE(torch::allclose(parameters.at(segment.spec.name), twin, 1e-5, 1e-7)) << segment.spec.name;
    }
  }
}

TEST(AdamW, RefusesAGradientThatIsNotFiniteAndChangesNothing) {
  auto parameters = three_parameters();
  AdamW optimizer(parameters, {}, 10);
  draw_gradients(parameters, 1.0);
  parameters.at("v.weight").grad()[1] = std::numeric_limits<float>::quiet_NaN();
  const auto before = parameters.flat().clone();
  EXPECT_THAT([&] { optimizer.step(); }, ThrowsMessage<NonFiniteGradient>(HasSubstr("v.weight")));
  EXPECT_TRUE(torch::equal(parameters.flat(), before));
}

// Of two shards: [1, 2] of the first, [3, 4] of the second, and [10] of both.
TEST(GlobalNorm, CountsWhatSeveralShardsHoldOnce) {
  on_loopback_ranks(2, [](Communicator& communicator) {
    const Shard shard{.index = communicator.group().index, .count = 2};
    Parameters parameters({{.name = "w.weight", .shape = {2}, .slice = cut(shard, 0, 4)},
                           {.name = "norm.weight", .shape = {1}, .slice = replicated(shard)}},
                          Use::Learn, ComputeDType::float32, {c10::kCPU, {.communicator = &communicator}});
    parameters.at("w.weight").grad().copy_(torch::tensor({1.0, 2.0}) + 2 * shard.index);
    parameters.at("norm.weight").grad().fill_(10.0);
    EXPECT_DOUBLE_EQ(global_norm(parameters), std::sqrt(1.0 + 4.0 + 9.0 + 16.0 + 100.0));
    if (shard.index == 1) parameters.at("w.weight").grad().fill_(std::numeric_limits<float>::quiet_NaN());
    EXPECT_EQ(not_finite(parameters).spec.name, "w.weight");  // on both
  });
}

TEST(AdamW, FollowsItsSchedule) {
  auto parameters = three_parameters();
  AdamW optimizer(parameters, {.learning_rate = 0.1, .schedule = LrSchedule::Linear, .warmup_ratio = 0.0}, 4);
  for (const double expected : {0.1, 0.075, 0.05, 0.025}) {
    EXPECT_DOUBLE_EQ(optimizer.learning_rate(), expected);
    draw_gradients(parameters, 1.0);
    optimizer.step();
  }
}

}  // namespace
}  // namespace ballast
