#include "workers/data/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workers/data/toy_tokenizer.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;

const ToyTokenizer tokenizer;

TEST(Tokenizer, TruncationKeepsTheFirstTokensAndLosesTheEos) {
  EXPECT_THAT(encode_truncated(tokenizer, "A</s>", 10), ElementsAre(1, 69, 2));
  EXPECT_THAT(encode_truncated(tokenizer, "A</s>", 2), ElementsAre(1, 69));
}

TEST(ToyTokenizer, DecodesWhatItEncodedWithoutSpecialTokens) {
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("na\xC3\xAFve</s>")), "na\xC3\xAFve");
}

}  // namespace
}  // namespace ballast
