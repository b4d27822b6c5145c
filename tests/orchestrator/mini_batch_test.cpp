#include "orchestrator/mini_batch.h"

#include <gmock/gmock.h>

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A rollout of four micro-batches of two rows; every prompt has two tokens.
struct Rollout {
  Schedule schedule;
  PromptBatch prompts;
  Scored scored;

  explicit Rollout(std::vector<std::vector<std::int64_t>> response_tokens)
      : scored{.rollout = BatchRef({.batch = 7, .row_ids = {}}, {0}, schedule),
               .costs = {},
               .response_tokens = std::move(response_tokens)} {
    for (const auto& rows : scored.response_tokens) {
      prompts.micro_batches.emplace_back(rows.size(), PromptRow{.id = 0, .prompt = {3, 4}, .response = {}});
    }
  }
};

const BatchConfig two_mini_batches{.rollout = 8, .mini_batch = 4, .micro_batch = 2};

LabelledRow text(std::int64_t tokens) { return {.tokens = TokenIds(tokens, 5), .labelled = {}}; }

TEST(MiniBatches, ByRowsAreTheRolloutsOwnMicroBatches) {
  Rollout rollout({{1, 0}, {3, 4}, {5, 6}, {0, 0}});
  const auto minis = mini_batches(rollout.scored, rollout.prompts, two_mini_batches);
  ASSERT_EQ(minis.size(), 2u);
  EXPECT_EQ(minis[1].batch, 7u);
  EXPECT_THAT(minis[1].learned, ElementsAre(2, 3));
  EXPECT_THAT(minis[0].tokens, ElementsAre(5, 11));
  EXPECT_EQ(minis[0].rows, 3);  // an empty response does not count
}

TEST(MiniBatches, WithoutAnyResponseHaveANormaliserOfOne) {
  Rollout rollout({{0, 0}, {0, 0}});
  EXPECT_EQ(mini_batches(rollout.scored, rollout.prompts, two_mini_batches)[0].rows, 1);
}

TEST(MiniBatches, CutByTokensKeepTheirRowsAndNumberTheirMicroBatchesThroughTheRollout) {
  Rollout rollout({{1, 8}, {2, 1}, {8, 1}, {1, 1}});  // with prompts 3, 10, 4, 3 and 10, 3, 3, 3
  auto minis = mini_batches(rollout.scored, rollout.prompts, two_mini_batches);
  const auto regrouping = cut_by_tokens(minis, rollout.scored, rollout.prompts, {.tokens = 10, .multiple = 1});
  EXPECT_THAT(minis[0].learned, ElementsAre(0, 1));
  EXPECT_THAT(minis[1].learned, ElementsAre(2, 3));
  EXPECT_THAT(minis[0].micro_batches, ElementsAre(0, 1));
  EXPECT_THAT(minis[0].tokens, ElementsAre(10, 10));
  EXPECT_THAT(regrouping,
              ElementsAre(ElementsAre(RowPlace{0, 1}), ElementsAre(RowPlace{0, 0}, RowPlace{1, 0}, RowPlace{1, 1}),
                          ElementsAre(RowPlace{2, 0}), ElementsAre(RowPlace{2, 1}, RowPlace{3, 0}, RowPlace{3, 1})));
}

TEST(MiniBatches, CutByTokensSpreadTextsOverTheSameMicroBatchesWithinTheBudget) {
  Rollout rollout({{1, 1}, {1, 1}});  // 12 tokens in all, which two micro-batches could hold
  rollout.prompts.ptx = {{text(9), text(9)}, {text(2), text(8)}};
  auto minis = mini_batches(rollout.scored, rollout.prompts, two_mini_batches);
  cut_by_tokens(minis, rollout.scored, rollout.prompts, {.tokens = 10, .multiple = 1});
  ASSERT_EQ(minis[0].learned.size(), 3u);
  ASSERT_EQ(minis[0].ptx.size(), 3u);
  EXPECT_EQ(minis[0].ptx[2].size(), 2u);  // 8 and 2 tokens
}

TEST(MiniBatches, CutByTokensHaveNoTextsWhereThereAreNone) {
  Rollout rollout({{1, 1}, {1, 1}});
  auto minis = mini_batches(rollout.scored, rollout.prompts, two_mini_batches);
  cut_by_tokens(minis, rollout.scored, rollout.prompts, {.tokens = 10, .multiple = 1});
  EXPECT_THAT(minis[0].ptx, IsEmpty());
}

}  // namespace
}  // namespace ballast
