#include "orchestrator/prompts.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace ballast {
namespace {

const BatchConfig four_rows{.rollout = 4, .mini_batch = 4, .micro_batch = 2, .max_length = 8};

std::vector<PromptRow> rows_of(const PromptBatch& batch) {
  std::vector<PromptRow> rows;
  for (const auto& micro_batch : batch.micro_batches) rows.insert(rows.end(), micro_batch.begin(), micro_batch.end());
  return rows;
}

// Prompts of one token each: 10, 11, ...
std::vector<TokenIds> numbered(std::int64_t count) {
  std::vector<TokenIds> prompts;
  for (std::int64_t i = 0; i < count; ++i) prompts.push_back({10 + i});
  return prompts;
}

std::vector<std::int64_t> first_tokens(PromptStream& stream, std::int64_t iterations) {
  std::vector<std::int64_t> tokens;
  for (std::int64_t i = 0; i < iterations; ++i) {
    for (const auto& row : rows_of(stream.next())) tokens.push_back(row.prompt.front());
  }
  return tokens;
}

TEST(Prompts, EveryEpochVisitsEveryPromptOnceAndInAnotherOrder) {
  const auto stream = given_prompts({.prompts = numbered(6), .ptx = {}}, four_rows, 1);
  const auto tokens = first_tokens(*stream, 3);  // 12 rows: two epochs, the second begins within an iteration
  const std::vector<std::int64_t> first(tokens.begin(), tokens.begin() + 6), second(tokens.begin() + 6, tokens.end());
  EXPECT_THAT(first, ::testing::UnorderedElementsAre(10, 11, 12, 13, 14, 15));
  EXPECT_THAT(second, ::testing::UnorderedElementsAre(10, 11, 12, 13, 14, 15));
  EXPECT_NE(first, second);
}

TEST(Prompts, TheOrderDependsOnTheSeedAlone) {
  const auto order = [](std::uint64_t seed) {
    return first_tokens(*given_prompts({.prompts = numbered(20), .ptx = {}}, four_rows, seed), 5);
  };
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
}

TEST(Prompts, SamplesOfAPromptStandInConsecutiveRows) {
  auto batch = four_rows;
  batch.samples = 2;
  const auto rows = rows_of(given_prompts({.prompts = numbered(6), .ptx = {}}, batch, 1)->next());
  ASSERT_EQ(rows.size(), 4);
  EXPECT_EQ(rows[0].prompt, rows[1].prompt);
  EXPECT_EQ(rows[2].prompt, rows[3].prompt);
  EXPECT_NE(rows[0].prompt, rows[2].prompt);
  EXPECT_THAT(rows, ::testing::ElementsAre(::testing::Field(&PromptRow::id, 0), ::testing::Field(&PromptRow::id, 1),
                                           ::testing::Field(&PromptRow::id, 2), ::testing::Field(&PromptRow::id, 3)));
}

TEST(Prompts, EveryMicroBatchTakesAsManyPtxRowsAsItHasRows) {
  std::vector<LabelledRow> ptx;
  for (std::int64_t i = 0; i < 3; ++i) ptx.push_back({.tokens = {100 + i, 1}, .labelled = {false, true}});
  const auto stream = given_prompts({.prompts = numbered(6), .ptx = ptx}, four_rows, 1);
  std::multiset<std::int64_t> seen;
  for (int i = 0; i < 3; ++i) {
    const auto batch = stream->next();
    ASSERT_EQ(batch.ptx.size(), batch.micro_batches.size());
    for (const auto& rows : batch.ptx) {
      ASSERT_EQ(rows.size(), 2);
      for (const auto& row : rows) seen.insert(row.tokens.front());
    }
  }
  for (const std::int64_t token : {100, 101, 102}) EXPECT_EQ(seen.count(token), 4) << token;
}

TEST(Prompts, WithoutPtxRowsABatchHasNone) {
  EXPECT_TRUE(given_prompts({.prompts = numbered(6), .ptx = {}}, four_rows, 1)->next().ptx.empty());
}

TEST(Prompts, EpochsAreCountedInIterations) {
  EXPECT_EQ(iterations_of_epochs(1, 8, four_rows), 2);
  EXPECT_EQ(iterations_of_epochs(1, 9, four_rows), 3);
  EXPECT_EQ(iterations_of_epochs(3, 6, {.rollout = 4, .samples = 2}), 9);
}

TEST(Prompts, RandomOnesHaveTheirBoundsAndDependOnTheSeed) {
  const RandomPromptsConfig config{.min_length = 2, .max_length = 3, .vocab = 5};
  const auto prompts = draw_prompts(config, 50, 1);
  ASSERT_EQ(prompts.size(), 50);
  for (const auto& prompt : prompts) {
    EXPECT_GE(prompt.size(), 2);
    EXPECT_LE(prompt.size(), 3);
    EXPECT_TRUE(std::ranges::all_of(prompt, [](auto id) { return id == 3 || id == 4; }));
  }
  EXPECT_NE(draw_prompts(config, 50, 2), prompts);
}

TEST(Prompts, HeldOutRowsHaveIdsThatTrainingNeverReaches) {
  const auto batch = held_out_batch(numbered(5), four_rows);
  ASSERT_EQ(batch.micro_batches.size(), 3);
  EXPECT_EQ(batch.micro_batches.back().size(), 1);
  EXPECT_EQ(rows_of(batch)[4].prompt, TokenIds{14});
  for (const auto& row : rows_of(batch)) EXPECT_GT(row.id, std::int64_t{1} << 39);
}

}  // namespace
}  // namespace ballast
