// Generation from checkpoints as transformers generates from them: the golden sets' tiny models of all four families,
// one with a sliding window, and a small pretrained model.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cstdlib>
#include <fstream>

#include "workers/generation/end_tokens.h"
#include "workers/generation/generator.h"
#include "workers/model/safetensors.h"

namespace ballast {
namespace {

std::filesystem::path golden_root() {
  const char* root = std::getenv("BALLAST_GOLDEN");
  return root ? root : "tests/golden";
}

class TinyCheckpoint : public testing::TestWithParam<const char*> {
 protected:
  std::filesystem::path folder() const { return golden_root() / "safe_rlhf" / GetParam(); }

  void SetUp() override {
    if (!exists(folder())) GTEST_SKIP() << "no " << folder();
    model_ = CausalLM::from_source({.path = folder()}, Use::Infer);
    const SafetensorsReader expected(folder() / "expected.safetensors");
    const auto tokens_BP = expected.tensor("left.input_ids");
    const auto mask_BP = expected.tensor("left.attention_mask").to(torch::kBool);
    prompt_width_ = tokens_BP.size(1);
    for (std::int64_t row = 0; row < tokens_BP.size(0); ++row) {
      command_.row_ids.push_back(row);
      command_.prompts.push_back(ids(tokens_BP[row].masked_select(mask_BP[row])));
    }
    command_.max_length = 48;
  }

  static TokenIds ids(const torch::Tensor& tokens) {
    const auto contiguous = tokens.to(torch::kInt64).contiguous();
    return {contiguous.const_data_ptr<std::int64_t>(), contiguous.const_data_ptr<std::int64_t>() + contiguous.numel()};
  }

  // The continuations in the golden file, cut off after EOS.
  std::vector<TokenIds> expected_responses(const std::string& name, const std::vector<std::int64_t>& end_tokens) const {
    const auto sequences_BL = SafetensorsReader(folder() / "expected.safetensors").tensor(name);
    std::vector<TokenIds> responses;
    for (std::int64_t row = 0; row < sequences_BL.size(0); ++row) {
      auto response = ids(sequences_BL[row].slice(0, prompt_width_));
      const auto end = std::find_first_of(response.begin(), response.end(), end_tokens.begin(), end_tokens.end());
      if (end != response.end()) response.erase(end + 1, response.end());
      responses.push_back(std::move(response));
    }
    return responses;
  }

  void expect_greedy(const std::string& name, const std::vector<std::int64_t>& end_tokens) const {
    Generator greedy(*model_,
                     {.sampling = {.temperature = 0.0, .max_new_tokens = 12}, .end_tokens = end_tokens, .slots = 16});
    const auto expected = expected_responses(name, end_tokens);
    const auto responses = greedy.continue_prompts(command_);
    for (std::size_t row = 0; row < expected.size(); ++row) EXPECT_EQ(responses[row].tokens, expected[row]) << row;
  }

  std::unique_ptr<CausalLM> model_;
  std::int64_t prompt_width_ = 0;
  Generate command_;
};

TEST_P(TinyCheckpoint, ContinuesGreedilyAsTransformersDoes) { expect_greedy("greedy_no_eos.sequences", {}); }

TEST_P(TinyCheckpoint, EndsWhereTransformersEnds) {
  std::ifstream stream(folder() / "expected.json");
  const auto golden = nlohmann::json::parse(stream).at("greedy");
  expect_greedy("greedy_eos.sequences", {golden.at("eos_token_id_in_greedy_eos").get<std::int64_t>()});
}

// By the training forward over the whole sequences, which has no cache.
TEST_P(TinyCheckpoint, CachedLogProbsAreThoseOfAFullRecompute) {
  const torch::NoGradGuard no_grad;
  for (const double temperature : {0.0, 1.0}) {
    Generator generator(*model_, {.sampling = {.temperature = temperature}, .end_tokens = {}, .slots = 16, .seed = 3});
    const auto responses = generator.continue_prompts(command_);
    for (std::size_t row = 0; row < responses.size(); ++row) {
      auto tokens = command_.prompts[row];
      const auto prompt = static_cast<std::int64_t>(tokens.size());
      tokens.insert(tokens.end(), responses[row].tokens.begin(), responses[row].tokens.end());
      ASSERT_EQ(tokens.size(), static_cast<std::size_t>(command_.max_length));
      const auto packed = PackedTokens::from_sequences({tokens});
      const auto log_probs_T = model_->next_token_log_probs(packed).slice(0, prompt - 1, packed.tokens() - 1);
      EXPECT_LT((log_probs_T - torch::tensor(responses[row].log_probs)).abs().max().item<double>(), 1e-5);
      if (temperature > 0.0) continue;
      const auto likeliest_T =
          model_->logits(model_->hidden(packed)).argmax(1).slice(0, prompt - 1, packed.tokens() - 1);
      EXPECT_EQ(ids(likeliest_T), responses[row].tokens);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, TinyCheckpoint,
                         testing::Values("tiny-llama", "tiny-mistral", "tiny-qwen2", "tiny-gpt2"),
                         [](const auto& family) { return std::string(family.param).substr(5); });

TEST(Stories260K, ContinueGreedilyAsTransformersDoes) {
  const std::filesystem::path folder = "../shared/data/models/stories260K-hf";
  if (!exists(folder)) GTEST_SKIP() << "no " << folder;
  std::ifstream stream(folder / "golden.json");
  const auto expected = nlohmann::json::parse(stream).at("greedy_200_from_bos").get<TokenIds>();
  const ModelSource source{.path = folder};
  const auto model = CausalLM::from_source(source, Use::Infer);
  Generator greedy(
      *model, {.sampling = {.temperature = 0.0}, .end_tokens = end_tokens_of(source, model->config()), .slots = 16});
  const auto length = static_cast<std::int64_t>(expected.size());
  const auto responses =
      greedy.continue_prompts({.max_length = length, .row_ids = {0}, .prompts = {{expected.front()}}});
  EXPECT_EQ(responses[0].tokens, TokenIds(expected.begin() + 1, expected.end()));
}

}  // namespace
}  // namespace ballast
