// Decoding on a GPU against decoding on the CPU, weights, prompts and draws being the same.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "workers/device.h"
#include "workers/generation/generator.h"

namespace ballast {
namespace {

class GpuDecoding : public testing::Test {
 protected:
  void SetUp() override {
    if (!cuda_obstacle().empty()) GTEST_SKIP() << "this machine has no CUDA device that this build can use";
  }
};

ModelSource source_of(ComputeDType dtype, Family family = Family::Llama) {
  return {.random = RandomModelConfig{.family = family,
                                      .vocab = 512,
                                      .hidden = 256,
                                      .heads = 4,
                                      .kv_heads = family == Family::Gpt2 ? 4 : 2,
                                      .max_length = 600},
          .seed = 7,
          .dtype = dtype};
}

Generate prompts(std::size_t rows, std::int64_t max_length) {
  Generate command{.max_length = max_length};
  std::int64_t token = 3;
  for (std::size_t row = 0; row < rows; ++row) {
    command.row_ids.push_back(static_cast<std::int64_t>(row));
    TokenIds& prompt = command.prompts.emplace_back();
    for (std::size_t t = 0; t < 2 + 5 * row % 37; ++t) prompt.push_back(token = (token * 31 + 7) % 512);
  }
  return command;
}

std::vector<Response> responses(const ModelSource& source, const GeneratorSettings& settings, c10::Device device) {
  const auto model = CausalLM::from_source(source, Use::Infer, device);
  Generator generator(*model, settings);
  const auto command = prompts(40, 96);
  generator.continue_prompts(prompts(3, 24));  // so that the recorded step is used again, and then one made anew
  return generator.continue_prompts(command);
}

// Tokens may part where a draw lies between the two machines' roundings: few rows may.
void expect_close(const std::vector<Response>& found, const std::vector<Response>& expected, double tolerance) {
  std::size_t same_rows = 0;
  for (std::size_t row = 0; row < found.size(); ++row) {
    for (std::size_t t = 0; t < std::min(found[row].tokens.size(), expected[row].tokens.size()); ++t) {
      if (found[row].tokens[t] != expected[row].tokens[t]) break;
      EXPECT_NEAR(found[row].log_probs[t], expected[row].log_probs[t], tolerance) << "row " << row << " token " << t;
      EXPECT_NEAR(found[row].sampling_log_probs[t], expected[row].sampling_log_probs[t], tolerance);
    }
    if (found[row].tokens == expected[row].tokens) ++same_rows;
  }
  EXPECT_GE(same_rows, found.size() * 9 / 10);
}

TEST_F(GpuDecoding, GivesTheCpusResponsesInFloat32) {
  for (const Family family : {Family::Llama, Family::Qwen2, Family::Gpt2})
    for (const SamplingConfig& sampling :
         {SamplingConfig{}, SamplingConfig{.temperature = 0.0}, SamplingConfig{.temperature = 0.7, .min_new_tokens = 8},
          SamplingConfig{.top_p = 0.9}}) {
      const GeneratorSettings settings{.sampling = sampling, .end_tokens = {5}, .slots = 16, .seed = 1};
      const auto source = source_of(ComputeDType::float32, family);
      expect_close(responses(source, settings, cuda_device_of(0)), responses(source, settings, c10::kCPU), 1e-3);
    }
}

// Log-probs of decoding against those of a forward pass over the whole sequences, both in bfloat16 on the device.
TEST_F(GpuDecoding, AgreesWithAWholeForwardPassInBfloat16) {
  const torch::NoGradGuard no_grad;
  const auto device = cuda_device_of(0);
  const auto model = CausalLM::from_source(source_of(ComputeDType::bfloat16), Use::Infer, device);
  Generator generator(*model, {.sampling = {}, .end_tokens = {}, .slots = 32, .seed = 1});
  const auto command = prompts(32, 600);
  const auto found = generator.continue_prompts(command);
  for (std::size_t row = 0; row < found.size(); ++row) {
    TokenIds tokens = command.prompts[row];
    const auto prompt = tokens.size();
    tokens.insert(tokens.end(), found[row].tokens.begin(), found[row].tokens.end());
    const auto expected_N = model->next_token_log_probs(PackedTokens::from_sequences({tokens}).to(device)).cpu();
    const auto found_M = at::tensor(found[row].log_probs);
    const auto difference_M = (expected_N.narrow(0, static_cast<std::int64_t>(prompt) - 1, found_M.size(0)) - found_M);
    EXPECT_LT(difference_M.abs().mean().item<double>(), 2e-2) << "row " << row;
  }
}

TEST_F(GpuDecoding, GivesTheSameBitsAgain) {
  const GeneratorSettings settings{.sampling = {}, .end_tokens = {5}, .slots = 16, .seed = 1};
  const auto source = source_of(ComputeDType::bfloat16);
  const auto first = responses(source, settings, cuda_device_of(0));
  const auto again = responses(source, settings, cuda_device_of(0));
  for (std::size_t row = 0; row < first.size(); ++row) {
    EXPECT_EQ(again[row].tokens, first[row].tokens);
    EXPECT_EQ(again[row].log_probs, first[row].log_probs);
  }
}

}  // namespace
}  // namespace ballast
