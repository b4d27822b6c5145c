// Training in bfloat16 on float32 master weights against training in float32.
#include <gtest/gtest.h>

#include <cmath>

#include "workers/model/causal_lm.h"
#include "workers/training/optimizer.h"

namespace ballast {
namespace {

constexpr int steps = 20;

ModelSource small_model(ComputeDType dtype) {
  return {.random = RandomModelConfig{.family = Family::Llama,
                                      .vocab = 37,
                                      .hidden = 32,
                                      .intermediate = 48,
                                      .layers = 2,
                                      .heads = 4,
                                      .kv_heads = 2,
                                      .max_length = 32,
                                      .tied_embeddings = true},
          .seed = 7,
          .dtype = dtype};
}

// Eight sequences that count upwards from different starts: what follows is easy to learn.
PackedTokens counting() {
  std::vector<std::vector<std::int64_t>> sequences(8);
  for (std::int64_t b = 0; b < 8; ++b)
    for (std::int64_t t = 0; t < 16; ++t) sequences[b].push_back((5 * b + t) % 37);
  return PackedTokens::from_sequences(sequences);
}

double learn_once(CausalLM& model, AdamW& optimizer) {
  model.parameters().zero_gradient();
  const torch::Tensor loss = -model.next_token_log_probs(counting()).sum() / (8 * 15);
  loss.backward();
  optimizer.step();
  return loss.item<double>();
}

struct Run {
  std::unique_ptr<CausalLM> model;
  std::vector<double> losses;
};

Run train(ComputeDType dtype) {
  Run run{.model = CausalLM::from_source(small_model(dtype), Use::Learn)};
  AdamW optimizer(run.model->parameters(), {.learning_rate = 1e-2}, steps);
  for (int step = 0; step < steps; ++step) run.losses.push_back(learn_once(*run.model, optimizer));
  return run;
}

// A loss is a mean of 120 log-probabilities, each within a few roundings (2^-9) of logits of size 10 or so: their mean
// moves by about 10 * 6 * 2^-9 / sqrt(120) = 0.01, and 20 steps may add up to some of that.
TEST(Bfloat16Training, LearnsAsFarAsFloat32DoesInTwentySteps) {
  const auto in_float32 = train(ComputeDType::float32), in_bfloat16 = train(ComputeDType::bfloat16);
  EXPECT_NEAR(in_float32.losses.front(), std::log(37.0), 0.2);
  EXPECT_LT(in_float32.losses.back(), 0.5 * in_float32.losses.front());
  for (int step = 0; step < steps; ++step) EXPECT_NEAR(in_bfloat16.losses[step], in_float32.losses[step], 0.05) << step;
}

TEST(Bfloat16Training, KeepsTheWeightsEqualToTheRoundedMasters) {
  const auto model = CausalLM::from_source(small_model(ComputeDType::bfloat16), Use::Learn);
  AdamW optimizer(model->parameters(), {.learning_rate = 1e-2}, steps);
  for (int step = 0; step < 5; ++step) {
    const torch::Tensor before = model->parameters().flat().clone();
    learn_once(*model, optimizer);
    EXPECT_FALSE(torch::equal(model->parameters().flat(), before));
    for (const Segment& segment : model->parameters().segments())
      for (const std::string& name : {segment.spec.name, segment.spec.alias})
        if (!name.empty()) {
          EXPECT_TRUE(torch::equal(model->parameters().at(name).detach(),
                                   model->parameters().values(segment).to(torch::kBFloat16)))
              << name << " after step " << step;
        }
  }
}

// A step of 1e-4 is lost on a bfloat16 weight near 1; a hundred of them are not, because the master keeps them.
TEST(Bfloat16Training, AddsUpStepsThatAreSmallerThanTheRounding) {
  Parameters parameters({{.name = "w.weight", .shape = {4}, .initial_mean = 1.0}}, Use::Learn, ComputeDType::bfloat16);
  parameters.values(parameters.segments().front()).fill_(1.0);
  parameters.refresh();
  AdamW optimizer(parameters, {.learning_rate = 1e-4}, 100);
  for (int step = 0; step < 100; ++step) {
    parameters.zero_gradient();
    parameters.at("w.weight").sum().backward();
    optimizer.step();
    if (step == 0) {
      EXPECT_EQ(parameters.at("w.weight")[0].item<double>(), 1.0);
    }
  }
  EXPECT_NEAR(parameters.flat()[0].item<double>(), 0.99, 1e-4);
  EXPECT_EQ(parameters.at("w.weight")[0].item<double>(), 0.98828125);  // 0.99 in bfloat16
}

TEST(Bfloat16Training, LeavesTheSameBitsTwice) {
  EXPECT_TRUE(torch::equal(train(ComputeDType::bfloat16).model->parameters().flat(),
                           train(ComputeDType::bfloat16).model->parameters().flat()));
}

}  // namespace
}  // namespace ballast
