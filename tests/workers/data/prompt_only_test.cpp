#include "workers/data/prompt_only.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/workers/data/toy_tokenizer.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;

const ToyTokenizer tokenizer;
const std::vector<std::string> turns{"Hi"};

TEST(PromptOnly, EndsWithTheAssistantsCueAndWithoutEos) {
  const auto prompt = prompt_tokens(turns, tokenizer, 512);
  EXPECT_EQ(tokenizer.decode(prompt.ids), "BEGINNING OF CONVERSATION: USER: Hi ASSISTANT:");
  EXPECT_FALSE(prompt.is_truncated);
}

TEST(PromptOnly, ALongPromptIsCutAndSaysSo) {
  const auto length = prompt_tokens(turns, tokenizer, 512).ids.size();
  EXPECT_FALSE(prompt_tokens(turns, tokenizer, length).is_truncated);
  const auto cut = prompt_tokens(turns, tokenizer, length - 1);
  EXPECT_TRUE(cut.is_truncated);
  EXPECT_EQ(cut.ids.size(), length - 1);
}

TEST(PromptOnly, APromptThatEndsWithTheAssistantIsRefused) {
  EXPECT_THROW(prompt_tokens(std::vector<std::string>{"Hi", "Hello"}, tokenizer, 512), std::invalid_argument);
}

TEST(PromptOnly, OfEqualPromptsTheLastStays) {
  const std::vector<TokenIds> prompts{{9}, {1, 2}, {9}, {1}, {1, 2}};
  EXPECT_THAT(last_occurrences(prompts), ElementsAre(2, 3, 4));
}

}  // namespace
}  // namespace ballast
