#include "workers/model/sharding.h"

#include <gmock/gmock.h>

#include <functional>

namespace ballast {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::ThrowsMessage;

// H heads, K of keys and values, of 2 elements each; 37 token ids.
ModelConfig shape_of(std::int64_t H, std::int64_t K, std::int64_t intermediate = 24) {
  ModelConfig config;
  config.vocab = 37;
  config.hidden = 2 * H;
  config.heads = H;
  config.kv_heads = K;
  config.head_dim = 2;
  config.intermediate = intermediate;
  return config;
}

// How many shards count each index of the dimension: one, if nothing is lost or counted twice.
std::vector<int> counted(const std::function<ParameterSlice(const Shard&)>& slice_of, int shards) {
  std::vector<int> times(slice_of({}).extent);
  for (int i = 0; i < shards; ++i) {
    const ParameterSlice slice = slice_of({.index = i, .count = shards});
    if (!slice.is_first_copy()) continue;
    for (const IndexRange& range : slice.ranges())
      for (std::int64_t at = range.begin; at < range.end; ++at) ++times.at(at);
  }
  return times;
}

TEST(Sharding, CountsEveryIndexOnce) {
  for (const int shards : {1, 2, 4, 8}) {
    EXPECT_THAT(counted([](const Shard& shard) { return cut(shard, 0, 32001); }, shards), Each(1)) << shards;
    EXPECT_THAT(counted([](const Shard& shard) { return cut_keys(shard, shape_of(8, 2)); }, shards), Each(1)) << shards;
    const auto joined = [](const Shard& shard) {
      ParameterSlice slice = cut(shard, 1, 3 * 16);
      slice.pieces = 3;
      return slice;
    };
    EXPECT_THAT(counted(joined, shards), Each(1)) << shards;
  }
}

TEST(Sharding, CutsAVocabularyIntoEqualBlocksAndAShorterOne) {
  const auto ids = [](int index) {
    const IndexRange range = local_vocabulary(shape_of(4, 4), {.index = index, .count = 4});
    return std::pair(range.begin, range.end);
  };
  EXPECT_EQ(ids(0), std::pair(0L, 10L));
  EXPECT_EQ(ids(3), std::pair(30L, 37L));
}

TEST(Sharding, GivesEachShardTheKeyHeadOfItsQueries) {
  const auto rows = [](int index) {
    const auto ranges = cut_keys({.index = index, .count = 4}, shape_of(8, 2)).ranges();
    return std::pair(ranges.front().begin, ranges.front().end);
  };
  for (const int index : {0, 1}) EXPECT_EQ(rows(index), std::pair(0L, 2L));
  for (const int index : {2, 3}) EXPECT_EQ(rows(index), std::pair(2L, 4L));
  const ModelConfig local = local_config(shape_of(8, 2), {.index = 3, .count = 4});
  EXPECT_EQ(local.heads, 2);
  EXPECT_EQ(local.kv_heads, 1);
  EXPECT_EQ(local.intermediate, 6);
  EXPECT_EQ(local.vocab, 37);
}

TEST(Sharding, TakesQueriesKeysAndValuesOfItsHeadsOutOfAJoinedWeight) {
  ParameterSlice slice = cut({.index = 1, .count = 2}, 1, 48);
  slice.pieces = 3;
  std::vector<std::int64_t> begins;
  for (const IndexRange& range : slice.ranges()) begins.push_back(range.begin);
  EXPECT_THAT(begins, testing::ElementsAre(8, 24, 40));
  EXPECT_EQ(slice.size(), 24);
}

TEST(Sharding, RefusesWhatCannotBeCut) {
  const auto refusal = [](const ModelConfig& config, int shards, const std::string& field, const std::string& found) {
    EXPECT_THAT([&] { local_config(config, {.count = shards}); },
                ThrowsMessage<ModelError>(AllOf(HasSubstr("'" + field + "': found " + found + ";"),
                                                HasSubstr("allowed with tensor_parallel " + std::to_string(shards)))));
  };
  refusal(shape_of(6, 6), 4, "num_attention_heads", "6");
  refusal(shape_of(12, 3), 4, "num_key_value_heads", "3");
  refusal(shape_of(4, 4, 22), 4, "intermediate_size", "22");
  ModelConfig few_tokens = shape_of(4, 4);
  few_tokens.vocab = 9;
  refusal(few_tokens, 4, "vocab_size", "9");
  ModelConfig gpt2 = shape_of(6, 6);
  gpt2.family = Family::Gpt2;
  refusal(gpt2, 4, "n_head", "6");
}

}  // namespace
}  // namespace ballast
