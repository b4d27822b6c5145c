// The readers on public data sets. They lie beside the repository; without them these tests skip themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workers/data/toy_tokenizer.h"
#include "workers/data/dataset.h"
#include "workers/data/json_rows.h"

namespace ballast {
namespace {

using ::testing::SizeIs;

const ToyTokenizer tokenizer;
constexpr std::size_t max_length = 512;

class RealFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder_)) GTEST_SKIP() << "there is no " << folder_;
  }
  std::filesystem::path operator()(const char* file) const { return folder_ / file; }

 private:
  std::filesystem::path folder_ = "../shared/data/text";
};

TEST_F(RealFiles, OfPkuSafeRlhfGiveSafetyPairsAndPrompts) {
  const DatasetConfig config{.path = (*this)("pku-saferlhf/pairs.jsonl")};
  const auto rows = read_json_rows(*config.path);
  const auto pairs = read_safety_pairs(config, tokenizer, max_length);
  EXPECT_GT(pairs.rows.size(), rows.size() * 9 / 10);
  for (const auto& pair : pairs.rows) {
    EXPECT_EQ(pair.safer_sign, 1);
    EXPECT_EQ(pair.unsafer_sign, -1);  // of this file: one response is safe, the other is not
  }
  EXPECT_THAT(read_prompts(config, tokenizer, max_length).rows, SizeIs(763));
}

TEST_F(RealFiles, OfAlpacaGiveOneSupervisedRowEach) {
  const auto dataset = read_supervised({.path = (*this)("alpaca-demo/alpaca_en_demo.json")}, tokenizer, max_length);
  EXPECT_GT(dataset.rows.size(), 900U);
}

TEST_F(RealFiles, OfChosenAndRejectedGivePreferencePairs) {
  const auto hhh = read_preference_pairs({.path = (*this)("hhh_alignment/hhh_pairs.jsonl")}, tokenizer, 4096);
  EXPECT_THAT(hhh.rows, SizeIs(221));
  const auto xstest = read_preference_pairs({.path = (*this)("xstest/pairs.jsonl.gz")}, tokenizer, 4096);
  EXPECT_THAT(xstest.rows, SizeIs(972));
}

TEST_F(RealFiles, OfConversationsWithRolesGivePrompts) {
  const DatasetConfig config{.path = (*this)("rbr-gold/train.jsonl")};
  EXPECT_GT(read_prompts(config, tokenizer, 16384).rows.size(), 50U);
}

TEST_F(RealFiles, AreUnpackedWhereTheyAreGzipped) {
  EXPECT_THAT(read_json_rows((*this)("hh-rlhf/harmless-base-test.jsonl.gz")), SizeIs(2312));
  EXPECT_THAT(read_json_rows((*this)("moderation-api/samples-1680.jsonl.gz")), SizeIs(1680));
  EXPECT_THAT(read_json_rows((*this)("pandalm/pandalm_test_pairs.jsonl.gz")), SizeIs(999));
}

}  // namespace
}  // namespace ballast
