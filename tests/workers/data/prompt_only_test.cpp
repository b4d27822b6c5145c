#include "workers/data/prompt_only.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workers/data/toy_tokenizer.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;

const ToyTokenizer tokenizer;
constexpr auto prompt = "BEGINNING OF CONVERSATION: USER: Hi ASSISTANT:";

TEST(PromptOnly, IsItsTextWithoutEos) {
  const auto tokens = prompt_tokens(prompt, tokenizer, 512);
  EXPECT_EQ(tokenizer.decode(tokens.ids), prompt);
  EXPECT_NE(tokens.ids.back(), tokenizer.special_tokens().eos);
  EXPECT_FALSE(tokens.is_truncated);
}

TEST(PromptOnly, ALongPromptIsCutAndSaysSo) {
  const auto length = prompt_tokens(prompt, tokenizer, 512).ids.size();
  EXPECT_FALSE(prompt_tokens(prompt, tokenizer, length).is_truncated);
  const auto cut = prompt_tokens(prompt, tokenizer, length - 1);
  EXPECT_TRUE(cut.is_truncated);
  EXPECT_EQ(cut.ids.size(), length - 1);
}

TEST(PromptOnly, OfEqualPromptsTheLastStays) {
  const std::vector<TokenIds> prompts{{9}, {1, 2}, {9}, {1}, {1, 2}};
  EXPECT_THAT(last_occurrences(prompts), ElementsAre(2, 3, 4));
}

}  // namespace
}  // namespace ballast
