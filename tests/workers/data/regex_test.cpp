#include "workers/data/regex.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workers/data/pre_tokenizer.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Regex, MatchesAndWhatLiesBetweenThemAreTheText) {
  EXPECT_THAT(Regex("[0-9]+").isolate("a12b3"), ElementsAre("a", "12", "b", "3"));
  EXPECT_THAT(Regex("[0-9]+").isolate("none"), ElementsAre("none"));
  EXPECT_THAT(Regex("[0-9]+").isolate(""), IsEmpty());
}

TEST(Regex, WordsOfGpt2) {
  EXPECT_THAT(Regex(gpt2_words).isolate("I'll  weigh 12 \xE8\x88\xB9!\n\n x"),
              ElementsAre("I", "'ll", " ", " weigh", " 12", " \xE8\x88\xB9", "!", "\n\n", " x"));
}

TEST(Regex, WordsOfQwen2) {
  EXPECT_THAT(Regex(qwen2_words).isolate("I'LL 12!\n\n  x"),
              ElementsAre("I", "'LL", " ", "1", "2", "!\n\n", " ", " x"));
}

TEST(Regex, WhiteSpaceIsUnicodesAndNotPcre2s) {
  EXPECT_THAT(Regex(R"(\s+)").isolate("a\xE3\x80\x80\xC2\x85"
                                      "b"),
              ElementsAre("a", "\xE3\x80\x80\xC2\x85", "b"));
  EXPECT_THAT(Regex(R"(\s+)").isolate("a\xE1\xA0\x8E"
                                      "b"),
              ElementsAre("a\xE1\xA0\x8E"
                          "b"));
}

TEST(Regex, ALongRunIsMatchedWhole) {
  const std::string spaces(1000000, ' ');
  EXPECT_THAT(Regex(gpt2_words).isolate(spaces), ElementsAre(spaces));
  const std::string letters(1000000, 'x');
  EXPECT_THAT(Regex(qwen2_words).isolate(letters), ElementsAre(letters));
}

TEST(Regex, WhatTheDialectsReadDifferentlyIsRefused) {
  for (const auto* pattern : {"a^", "$", R"(\h)", R"(\R)", R"([^\S])", "[a&&b]", "[[:alpha:]]", R"(\A)", "\\"}) {
    EXPECT_THROW(Regex{pattern}, std::invalid_argument) << pattern;
  }
}

TEST(Regex, AMalformedPatternAndOneThatMatchesNothingAreRefused) {
  for (const auto* pattern : {"(", "[a", "a**", R"(\p{Nonsense})", "a*", "", "(?!b)"}) {
    EXPECT_THROW(Regex{pattern}, std::invalid_argument) << pattern;
  }
}

}  // namespace
}  // namespace ballast
