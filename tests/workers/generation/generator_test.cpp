#include "workers/generation/generator.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <numeric>

#include "tests/workers/model/tiny_models.h"
#include "workers/generation/end_tokens.h"

namespace ballast {
namespace {

constexpr std::int64_t eos = 2;
constexpr std::int64_t max_length = 32;

std::unique_ptr<CausalLM> model_of(Family family = Family::Llama) {
  return CausalLM::from_source(tiny_model(family), Use::Infer);
}

// Prompts of 1 to 9 tokens; row r has id 100 + r.
Generate prompts(std::int64_t rows) {
  Generate command{.iteration = 5, .max_length = max_length};
  for (std::int64_t row = 0; row < rows; ++row) {
    command.row_ids.push_back(100 + row);
    auto& prompt = command.prompts.emplace_back(1 + row * 5 % 9);
    for (std::size_t i = 0; i < prompt.size(); ++i) prompt[i] = 3 + (row * 7 + static_cast<std::int64_t>(i) * 3) % 34;
  }
  return command;
}

Generate row_of(const Generate& command, std::size_t row) {
  return {.iteration = command.iteration,
          .max_length = command.max_length,
          .row_ids = {command.row_ids[row]},
          .prompts = {command.prompts[row]}};
}

Generator generator(const CausalLM& model, const SamplingConfig& sampling = {}, std::int64_t slots = 16,
                    std::int64_t seed = 1) {
  return Generator(model, {.sampling = sampling, .end_tokens = {eos}, .slots = slots, .seed = seed});
}

const SamplingConfig filtered{.temperature = 0.7, .top_p = 0.9, .repetition_penalty = 1.2};

void expect_same_bits(const Response& found, const Response& expected) {
  EXPECT_EQ(found.tokens, expected.tokens);
  EXPECT_EQ(found.log_probs, expected.log_probs);
  EXPECT_EQ(found.sampling_log_probs, expected.sampling_log_probs);
}

TEST(Generator, EachResponseEndsWithEosOrFillsTheLength) {
  const auto model = model_of();
  const auto command = prompts(40);
  const auto responses = generator(*model).continue_prompts(command);
  ASSERT_EQ(responses.size(), 40u);
  std::size_t ended = 0;
  for (std::size_t row = 0; row < responses.size(); ++row) {
    const auto& tokens = responses[row].tokens;
    ended += ends(tokens, {eos}) ? 1 : 0;
    EXPECT_TRUE(ends(tokens, {eos}) || command.prompts[row].size() + tokens.size() == max_length);
    EXPECT_EQ(std::count(tokens.begin(), tokens.end() - 1, eos), 0) << "goes on after EOS";
    EXPECT_EQ(responses[row].log_probs.size(), tokens.size());
    EXPECT_EQ(responses[row].sampling_log_probs.size(), tokens.size());
  }
  EXPECT_GT(ended, 4u) << "lengths hardly vary";
  EXPECT_LT(ended, 40u);
}

TEST(Generator, TheSameSeedGivesTheSameResponsesAndAnotherSeedOthers) {
  const auto model = model_of();
  const auto command = prompts(3);
  const auto first = generator(*model).continue_prompts(command);
  const auto again = generator(*model).continue_prompts(command);
  const auto other = generator(*model, {}, 16, 2).continue_prompts(command);
  for (std::size_t row = 0; row < 3; ++row) expect_same_bits(again[row], first[row]);
  EXPECT_NE(other[0].tokens, first[0].tokens);
}

TEST(Generator, GeneratesWithTheWeightsAsTheyAreNow) {
  const auto model = model_of();
  const auto command = prompts(3);
  auto kept = generator(*model);
  const auto before = kept.continue_prompts(command);
  const torch::NoGradGuard no_grad;
  for (const auto& segment : model->parameters().segments()) model->parameters().values(segment).mul_(1.5);
  model->parameters().refresh();
  const auto after = kept.continue_prompts(command);
  const auto expected = generator(*model).continue_prompts(command);
  for (std::size_t row = 0; row < 3; ++row) expect_same_bits(after[row], expected[row]);
  EXPECT_NE(after[0].log_probs, before[0].log_probs);
}

class EveryFamily : public testing::TestWithParam<Family> {};

// 40 rows in 16 slots: slots are refilled at different times.
TEST_P(EveryFamily, GivesARowTheSameBitsAloneAndInCompany) {
  const auto model = model_of(GetParam());
  const auto command = prompts(40);
  for (const auto& sampling : {SamplingConfig{}, filtered}) {
    const auto together = generator(*model, sampling).continue_prompts(command);
    for (const std::size_t row : {0, 1, 15, 16, 20, 39}) {
      SCOPED_TRACE(row);
      expect_same_bits(generator(*model, sampling).continue_prompts(row_of(command, row))[0], together[row]);
    }
  }
}

TEST_P(EveryFamily, GivesARowTheSameBitsInAnyOrderAndWithAnyNumberOfSlots) {
  const auto model = model_of(GetParam());
  const auto command = prompts(40);
  const auto expected = generator(*model).continue_prompts(command);
  auto reversed = command;
  std::reverse(reversed.row_ids.begin(), reversed.row_ids.end());
  std::reverse(reversed.prompts.begin(), reversed.prompts.end());
  const auto backwards = generator(*model).continue_prompts(reversed);
  const auto wide = generator(*model, {}, 48).continue_prompts(command);
  for (std::size_t row = 0; row < 40; ++row) {
    SCOPED_TRACE(row);
    expect_same_bits(backwards[39 - row], expected[row]);
    expect_same_bits(wide[row], expected[row]);
  }
}

TEST_P(EveryFamily, GivesARowTheSameBitsWithAnyNumberOfThreads) {
  if (GetParam() == Family::Gpt2) GTEST_SKIP() << "ATen's products are not those of another number of threads";
  const auto model = model_of(GetParam());
  const auto command = prompts(20);
  const auto expected = generator(*model).continue_prompts(command);
  at::set_num_threads(2);
  const auto found = generator(*model).continue_prompts(command);
  at::set_num_threads(1);
  for (std::size_t row = 0; row < 20; ++row) expect_same_bits(found[row], expected[row]);
}

TEST_P(EveryFamily, GivesARowTheSameBitsInAnyCompanyInBfloat16) {
  auto source = tiny_model(GetParam());
  source.dtype = ComputeDType::bfloat16;
  const auto model = CausalLM::from_source(source, Use::Infer);
  const auto command = prompts(40);
  const auto together = generator(*model, {}, 48).continue_prompts(command);
  for (const std::size_t row : {0, 15, 20, 39})
    expect_same_bits(generator(*model).continue_prompts(row_of(command, row))[0], together[row]);
}

TEST_P(EveryFamily, GivesSamplesOfOnePromptTheBitsThatTheyHaveAlone) {
  const auto model = model_of(GetParam());
  auto command = prompts(20);
  for (auto& prompt : command.prompts) prompt = command.prompts[3];
  const auto together = generator(*model).continue_prompts(command);
  for (const std::size_t row : {0, 1, 15, 19})
    expect_same_bits(generator(*model).continue_prompts(row_of(command, row))[0], together[row]);
  EXPECT_NE(together[0].tokens, together[1].tokens);
}

INSTANTIATE_TEST_SUITE_P(Generator, EveryFamily,
                         testing::Values(Family::Llama, Family::Mistral, Family::Qwen2, Family::Gpt2));

TEST(Generator, SamplingLogProbsAreThoseOfTheFilteredDistribution) {
  const torch::NoGradGuard no_grad;
  const auto model = model_of();
  const auto command = prompts(1);
  const auto response = generator(*model, filtered).continue_prompts(command)[0];
  auto tokens = command.prompts[0];
  for (std::size_t i = 0; i < response.tokens.size(); ++i) {
    // Written out with LibTorch: penalty, temperature, top-p, in this order.
    const auto hidden_NE = model->hidden(PackedTokens::from_sequences({tokens}));
    auto scores_V = model->logits(hidden_NE)[static_cast<std::int64_t>(tokens.size()) - 1].to(torch::kFloat64);
    EXPECT_NEAR(scores_V.log_softmax(0)[response.tokens[i]].item<double>(), response.log_probs[i], 1e-5);
    const auto seen_V = torch::zeros_like(scores_V).index_fill(0, torch::tensor(tokens), 1.0).to(torch::kBool);
    scores_V = torch::where(seen_V, torch::where(scores_V < 0, scores_V * 1.2, scores_V / 1.2), scores_V) / 0.7;
    const auto [sorted_V, order_V] = scores_V.softmax(0).sort(0, /*descending=*/true);
    const auto removed_V = sorted_V.cumsum(0) - sorted_V >= 0.9;
    scores_V = scores_V.index_fill(0, order_V.masked_select(removed_V), -INFINITY);
    EXPECT_NEAR(scores_V.log_softmax(0)[response.tokens[i]].item<double>(), response.sampling_log_probs[i], 2e-5);
    tokens.push_back(response.tokens[i]);
  }
}

TEST(Generator, KeepsToMinAndMaxNewTokens) {
  const auto model = model_of();
  const auto command = prompts(40);
  for (const auto& response :
       generator(*model, {.min_new_tokens = 9, .max_new_tokens = 12}).continue_prompts(command)) {
    EXPECT_GE(response.tokens.size(), 10u) << "EOS is banned from the first nine";
    EXPECT_LE(response.tokens.size(), 12u);
  }
}

TEST(Generator, APromptThatFillsTheLengthHasAnEmptyResponse) {
  const auto model = model_of();
  auto command = prompts(20);
  command.max_length = 6;  // prompts have up to nine tokens
  std::size_t reported = 0;
  const auto responses = generator(*model).continue_prompts(command, [&](std::size_t row, const Response& response) {
    ++reported;
    EXPECT_EQ(response.tokens.empty(), command.prompts[row].size() >= 6);
  });
  EXPECT_EQ(reported, 20u);
  EXPECT_EQ(responses.size(), 20u);
}

TEST(Generator, NoPromptsGiveNoResponses) { EXPECT_TRUE(generator(*model_of()).continue_prompts(prompts(0)).empty()); }

TEST(Generator, RefusesSlotsThatWouldChangeBitsAndEmptyPrompts) {
  const auto model = model_of();
  EXPECT_THROW(generator(*model, {}, 8).continue_prompts(prompts(1)), c10::Error);
  auto command = prompts(1);
  command.prompts[0].clear();
  EXPECT_THROW(generator(*model).continue_prompts(command), c10::Error);
}

}  // namespace
}  // namespace ballast
