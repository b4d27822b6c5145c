#include "workers/data/prompt_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace ballast {
namespace {

TEST(PromptFormat, TheResponseFollowsTheColonWithoutASpace) {
  EXPECT_EQ(format_prompt(std::vector<std::string>{"Hi"}, "</s>"), "BEGINNING OF CONVERSATION: USER: Hi ASSISTANT:");
}

TEST(PromptFormat, EachAssistantTurnEndsWithEos) {
  EXPECT_EQ(format_prompt(std::vector<std::string>{"a", "b", "c"}, "<e>"),
            "BEGINNING OF CONVERSATION: USER: a ASSISTANT:b<e>USER: c ASSISTANT:");
}

TEST(PromptFormat, BracesInATextStay) {
  EXPECT_EQ(format_prompt(std::vector<std::string>{"{input} {0} {{"}, "</s>"),
            "BEGINNING OF CONVERSATION: USER: {input} {0} {{ ASSISTANT:");
}

TEST(PromptFormat, APromptThatDoesNotEndWithAUserTurnIsRefused) {
  EXPECT_THAT(
      [] {
        format_prompt(std::vector<std::string>{"a", "b"}, "</s>");
      },
      testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("must be odd, not 2")));
  EXPECT_THROW(format_prompt({}, "</s>"), std::invalid_argument);
}

}  // namespace
}  // namespace ballast
