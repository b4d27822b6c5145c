#include "workers/generation/gpu_decoder.h"

#include <gtest/gtest.h>

#include "tests/comm/loopback_ranks.h"
#include "tests/workers/model/tiny_models.h"

namespace ballast {
namespace {

constexpr std::int64_t eos = 5;
constexpr std::int64_t positions = 30;

struct Case {
  Family family = Family::Llama;
  SamplingConfig sampling = {};
  Use use = Use::Learn;  // as it decides how parameters lie
};

DecoderSettings settings_of(const SamplingConfig& sampling) {
  return {.sampling = sampling, .end_tokens = {eos, 9}, .slots = 16};
}

// Four sequences, two of one length, two with one prompt, and one that joins later into a slot that was used.
class Sequences {
 public:
  explicit Sequences(Decoder& decoder) : decoder_(decoder) { decoder.begin(positions); }

  std::vector<Choice> grow(std::int64_t steps) {
    enter({{2, {3, 1, 4}}, {15, {1, 5, 9}}, {7, {2, 6, 5, 3, 5, 8, 9, 7, 9, 3}}, {8, {3, 1, 4}}});
    for (std::int64_t i = 0; i < steps; ++i) step();
    enter({{15, {2, 7, 1}}});
    for (std::int64_t i = 0; i < 3; ++i) step();
    return choices_;
  }

 private:
  using Prompts = std::map<std::int64_t, std::vector<std::int64_t>>;  // by slot

  Situation situation(std::int64_t slot) const {
    const auto& tokens = tokens_.at(slot);
    return {.seen = {},
            .may_end = tokens.size() % 3 != 0,
            .draw = uniform({.seed = 4, .row_id = slot, .position = static_cast<std::int64_t>(tokens.size())})};
  }

  void enter(const Prompts& prompts) {
    std::vector<Prefill> prefills;
    for (const auto& [slot, prompt] : prompts) {
      tokens_[slot] = prompt;
      prefills.push_back({.slot = slot, .prompt = prompt, .situation = situation(slot)});
    }
    const auto chosen = decoder_.prefill(prefills);
    for (std::size_t i = 0; i < chosen.size(); ++i) take(prefills[i].slot, chosen[i]);
  }

  void step() {
    std::vector<Continuation> next;
    for (const auto& [slot, tokens] : tokens_)
      next.push_back({.slot = slot,
                      .token = tokens.back(),
                      .position = static_cast<std::int64_t>(tokens.size()) - 1,
                      .situation = situation(slot)});
    const auto chosen = decoder_.decode(next);
    for (std::size_t i = 0; i < chosen.size(); ++i) take(next[i].slot, chosen[i]);
  }

  void take(std::int64_t slot, const Choice& choice) {
    tokens_[slot].push_back(choice.token);
    choices_.push_back(choice);
  }

  Decoder& decoder_;
  Prompts tokens_;
  std::vector<Choice> choices_;
};

void expect_same(const std::vector<Choice>& found, const std::vector<Choice>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].token, expected[i].token) << "choice " << i;
    EXPECT_NEAR(found[i].log_prob, expected[i].log_prob, 2e-5) << "choice " << i;
    EXPECT_NEAR(found[i].sampling_log_prob, expected[i].sampling_log_prob, 2e-5) << "choice " << i;
  }
}

void expect_what_the_cpu_decodes(const Case& with) {
  const c10::InferenceMode no_autograd;
  const auto model = CausalLM::from_source(tiny_model(with.family), with.use);
  GpuDecoder decoder(*model, settings_of(with.sampling), gpu::reference_kernels());
  const auto on_cpu = make_decoder(*model, settings_of(with.sampling));
  expect_same(Sequences(decoder).grow(12), Sequences(*on_cpu).grow(12));
  model->parameters().flat().mul_(1.5);  // as an optimizer step would change them
  model->parameters().refresh();
  expect_same(Sequences(decoder).grow(12), Sequences(*on_cpu).grow(12));
}

class GpuDecoderOf : public testing::TestWithParam<Family> {};

TEST_P(GpuDecoderOf, DecodesWhatTheCpuDecodes) {
  for (const auto use : {Use::Learn, Use::Infer}) expect_what_the_cpu_decodes({.family = GetParam(), .use = use});
}

TEST_P(GpuDecoderOf, DecodesInShardsWhatTheCpuDecodesWhole) {
  const auto source = tiny_model(GetParam());
  for (const auto& sampling : {SamplingConfig{}, SamplingConfig{.top_p = 0.7}})
    on_loopback_ranks(4, [&](Communicator& comm) {
      const c10::InferenceMode no_autograd;
      const auto model = CausalLM::from_source(source, Use::Infer, {c10::kCPU, {.communicator = &comm}});
      GpuDecoder decoder(*model, settings_of(sampling), gpu::reference_kernels());
      const auto whole = CausalLM::from_source(source, Use::Infer);
      expect_same(Sequences(decoder).grow(12), Sequences(*make_decoder(*whole, settings_of(sampling))).grow(12));
    });
}

INSTANTIATE_TEST_SUITE_P(Families, GpuDecoderOf,
                         testing::Values(Family::Llama, Family::Mistral, Family::Qwen2, Family::Gpt2),
                         [](const auto& instance) {
                           return std::string(family_names[static_cast<std::size_t>(instance.param)].second);
                         });

TEST(GpuDecoder, SamplesByTemperatureAndLeavesFiltersToTheCpu) {
  for (const auto& sampling : {SamplingConfig{.temperature = 0.6}, SamplingConfig{.temperature = 0.0},
                               SamplingConfig{.temperature = 0.8, .top_k = 5}, SamplingConfig{.top_p = 0.7}})
    expect_what_the_cpu_decodes({.sampling = sampling});
}

// Compiled for the CPU: tests/emulated_cuda.
TEST(GpuDecoder, DecodesByTheKernelsOfTheGpu) {
  const c10::InferenceMode no_autograd;
  const auto model = CausalLM::from_source(tiny_model(Family::Llama), Use::Infer);
  GpuDecoder decoder(*model, settings_of({}), *gpu::cuda_kernels());
  const auto on_cpu = make_decoder(*model, settings_of({}));
  expect_same(Sequences(decoder).grow(1), Sequences(*on_cpu).grow(1));
}

TEST(GpuDecoder, RefusesSlotsThatWouldChangeBits) {
  const auto model = CausalLM::from_source(tiny_model(Family::Llama), Use::Infer);
  EXPECT_THROW(GpuDecoder(*model, {.slots = 8}, gpu::reference_kernels()), c10::Error);
}

}  // namespace
}  // namespace ballast
