#include "workers/data/preference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workers/data/toy_tokenizer.h"

namespace ballast {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

const ToyTokenizer tokenizer;

AnnotatedPair row() {
  return {.prompt = "BEGINNING OF CONVERSATION: USER: Hi ASSISTANT:",
          .answer = "no",
          .other_answer = "yes",
          .better = true,
          .safer = false,
          .is_safe = false,
          .is_other_safe = true};
}

template <typename Result>
std::string skip_reason(const Result& result) {
  const auto* skip = std::get_if<Skip>(&result);
  return skip == nullptr ? "not skipped" : skip->reason;
}

TEST(Preference, TheBetterAnswerIsPreferred) {
  const auto pair = std::get<TokenPair>(better_worse_pair(row(), tokenizer, 512));
  EXPECT_THAT(tokenizer.decode(pair.preferred), EndsWith("ASSISTANT:no"));
  EXPECT_THAT(tokenizer.decode(pair.other), EndsWith("ASSISTANT:yes"));
  EXPECT_EQ(pair.preferred.back(), tokenizer.special_tokens().eos);
}

TEST(Preference, TheSaferAnswerIsPreferredAndItsSignComesAlong) {
  const auto pair = std::get<SafetyPair>(safer_unsafer_pair(row(), tokenizer, 512));
  EXPECT_THAT(tokenizer.decode(pair.tokens.preferred), EndsWith("ASSISTANT:yes"));
  EXPECT_EQ(pair.safer_sign, 1);
  EXPECT_EQ(pair.unsafer_sign, -1);
}

TEST(Preference, AnswersThatAreEqualAfterTruncationAreSkipped) {
  EXPECT_THAT(skip_reason(better_worse_pair(row(), tokenizer, 20)), HasSubstr("the same within 20 tokens"));
  EXPECT_THAT(skip_reason(safer_unsafer_pair(row(), tokenizer, 20)), HasSubstr("the same within 20 tokens"));
}

TEST(Preference, ASaferAnswerThatIsUnsafeWhileTheOtherIsSafeIsSkipped) {
  auto contradiction = row();
  contradiction.safer = true;
  EXPECT_THAT(skip_reason(safer_unsafer_pair(contradiction, tokenizer, 512)), HasSubstr("labelled unsafe"));
}

TEST(Preference, TwoUnsafeAnswersMakeAPair) {
  auto both_unsafe = row();
  both_unsafe.is_other_safe = false;
  const auto pair = std::get<SafetyPair>(safer_unsafer_pair(both_unsafe, tokenizer, 512));
  EXPECT_EQ(pair.safer_sign, -1);
  EXPECT_EQ(pair.unsafer_sign, -1);
}

}  // namespace
}  // namespace ballast
