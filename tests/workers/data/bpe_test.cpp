#include "workers/data/bpe.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workers/data/byte_level.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;

constexpr std::int64_t first_merged = 256;

/// Byte b has the id b; each merge's result the next id.
BpeVocabulary vocabulary_of(std::vector<std::pair<std::string, std::string>> merges) {
  BpeVocabulary vocabulary;
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary.ids[byte_level_written(std::string(1, static_cast<char>(byte)))] = byte;
  }
  for (const auto& [left, right] : merges) {
    vocabulary.ids.emplace(left + right, static_cast<std::int64_t>(vocabulary.ids.size()));
  }
  vocabulary.merges = std::move(merges);
  return vocabulary;
}

TokenIds encode(const BytePairEncoding& encoding, std::string_view word) {
  TokenIds ids;
  encoding.append(word, ids);
  return ids;
}

TEST(BytePairEncoding, TheEarliestLearnedMergeComesFirstWhereverItIs) {
  const BytePairEncoding encoding(vocabulary_of({{"b", "c"}, {"a", "b"}, {"a", "bc"}}));
  EXPECT_THAT(encode(encoding, "abc"), ElementsAre(first_merged + 2));
  EXPECT_THAT(encode(encoding, "abab"), ElementsAre(first_merged + 1, first_merged + 1));
  EXPECT_THAT(encode(encoding, "abd"), ElementsAre(first_merged + 1, 'd'));
}

TEST(BytePairEncoding, OfEqualMergesTheLeftmostComesFirst) {
  const BytePairEncoding encoding(vocabulary_of({{"a", "a"}, {"aa", "aa"}}));
  EXPECT_THAT(encode(encoding, "aaa"), ElementsAre(first_merged, 'a'));
  EXPECT_THAT(encode(encoding, "aaaaaaa"), ElementsAre(first_merged + 1, first_merged, 'a'));
}

TEST(BytePairEncoding, AWordSeenBeforeHasTheSameIds) {
  const BytePairEncoding encoding(vocabulary_of({{"a", "b"}}));
  EXPECT_EQ(encode(encoding, "abx"), encode(encoding, "abx"));
}

TEST(BytePairEncoding, BytesBeyondAsciiAreTokens) {
  const BytePairEncoding encoding(vocabulary_of({}));
  EXPECT_THAT(encode(encoding, "\xC3\xA9 "), ElementsAre(0xC3, 0xA9, 0x20));
}

TEST(BytePairEncoding, AWordThatIsATokenStaysWholeIfMergesAreIgnored) {
  auto vocabulary = vocabulary_of({{"a", "b"}});
  vocabulary.ids["abc"] = 300;
  EXPECT_THAT(encode(BytePairEncoding(vocabulary), "abc"), ElementsAre(first_merged, 'c'));
  vocabulary.ignore_merges = true;
  EXPECT_THAT(encode(BytePairEncoding(vocabulary), "abc"), ElementsAre(300));
}

TEST(BytePairEncoding, AVeryLongWordIsMergedInReasonableTime) {
  const BytePairEncoding encoding(vocabulary_of({{"a", "a"}, {"aa", "aa"}}));
  EXPECT_EQ(encode(encoding, std::string(100000, 'a')).size(), 25000U);
}

TEST(BytePairEncoding, AMergeOfWhatIsNoTokenIsRefused) {
  auto names = vocabulary_of({});
  names.merges = {{"a", "nothing"}};
  EXPECT_THROW(BytePairEncoding{names}, std::invalid_argument);
  auto makes = vocabulary_of({});
  makes.merges = {{"a", "b"}};
  EXPECT_THROW(BytePairEncoding{makes}, std::invalid_argument);
}

TEST(BytePairEncoding, AVocabularyWithoutSomeByteIsRefused) {
  auto vocabulary = vocabulary_of({});
  vocabulary.ids.erase("x");
  EXPECT_THROW(BytePairEncoding{vocabulary}, std::invalid_argument);
}

TEST(ByteLevel, WritingIsUndoneByReading) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) {
    bytes += static_cast<char>(byte);
  }
  EXPECT_EQ(byte_level_bytes(byte_level_written(bytes)), bytes);
  EXPECT_EQ(byte_level_written(" a\n"),
            "\xC4\xA0"
            "a\xC4\x8A");
}

TEST(ByteLevel, AWritingThatStandsForNoBytesIsItself) {
  EXPECT_EQ(byte_level_bytes("a b"), "a b");
  EXPECT_EQ(byte_level_bytes("\xE8\x88\xB9"), "\xE8\x88\xB9");
}

}  // namespace
}  // namespace ballast
