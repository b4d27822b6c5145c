#include "workers/data/continuation_text.h"

#include <gtest/gtest.h>

#include "tests/workers/data/toy_tokenizer.h"

namespace ballast {
namespace {

const ToyTokenizer tokenizer;

TEST(ContinuationText, IsTheWholeTextWithoutThePrompts) {
  auto ids = tokenizer.encode("Hi you</s>");
  EXPECT_EQ(continuation_text(tokenizer, ids, 3), " you");
  EXPECT_EQ(continuation_text(tokenizer, ids, ids.size()), "");
  EXPECT_EQ(continuation_text(tokenizer, ids, 0), "Hi you");
}

/// Decodes a byte sequence that is cut off to '?', as tokenizers decode it to U+FFFD.
class CutCharacters : public ToyTokenizer {
 public:
  std::string decode(std::span<const std::int64_t> ids) const override {
    auto text = ToyTokenizer::decode(ids);
    if (!text.empty() && text.back() == '\xC3') text.back() = '?';
    return text;
  }
};

TEST(ContinuationText, BeginsWithACharacterWhoseBytesBeginInThePrompt) {
  const CutCharacters cut;
  const auto ids = cut.encode("a\xC3\xA9");  // bos, a, first and second byte of é
  EXPECT_EQ(continuation_text(cut, ids, 3), "\xC3\xA9");
}

}  // namespace
}  // namespace ballast
