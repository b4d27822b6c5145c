#include "workers/generation/generator.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

std::unique_ptr<CausalLM> tiny_model() {
  ModelSource source;
  source.random.emplace();
  source.random->vocab = 16;
  return CausalLM::from_source(source, Use::Infer);
}

Generate three_prompts(std::int64_t max_length) {
  return {.iteration = 5, .max_length = max_length, .row_ids = {10, 11, 12}, .prompts = {{3, 4}, {5}, {6, 7, 8}}};
}

TEST(Generator, EachResponseEndsWithEosOrFillsTheLength) {
  const auto model = tiny_model();
  const auto command = three_prompts(24);
  const auto responses = Generator({.eos_token = 2}, 1).continue_prompts(*model, command);
  ASSERT_EQ(responses.size(), 3u);
  for (std::size_t row = 0; row < responses.size(); ++row) {
    const auto& response = responses[row];
    const auto total = static_cast<std::int64_t>(command.prompts[row].size() + response.size());
    EXPECT_TRUE(total == 24 || response.back() == 2);
    EXPECT_EQ(std::count(response.begin(), response.end() - 1, 2), 0) << "goes on after EOS";
  }
}

TEST(Generator, TheSameSeedGivesTheSameResponsesAndAnotherSeedOthers) {
  const auto model = tiny_model();
  const auto command = three_prompts(24);
  const auto first = Generator({}, 1).continue_prompts(*model, command);
  EXPECT_EQ(Generator({}, 1).continue_prompts(*model, command), first);
  EXPECT_NE(Generator({}, 2).continue_prompts(*model, command), first);
}

TEST(Generator, APromptThatFillsTheLengthHasAnEmptyResponse) {
  const auto model = tiny_model();
  EXPECT_TRUE(Generator({}, 1).continue_prompts(*model, three_prompts(3))[2].empty());
}

}  // namespace
}  // namespace ballast
