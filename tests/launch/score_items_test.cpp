#include "launch/score_items.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workers/data/toy_tokenizer.h"
#include "workers/data/row_fields.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const ToyTokenizer tokenizer;
const TokenModel model{.tokenizer = &tokenizer, .folder = "model", .vocab = 260, .max_positions = 100};
const ItemOptions plain{.format = TextFormat::Plain};

ScoreItem item(const json& row, const ItemOptions& options = plain) { return items_for_model(row, options, model).at(0); }

bool ends_with_eos(const ScoreItem& scored) { return scored.tokens.back() == tokenizer.special_tokens().eos; }

std::string refusal(const json& row) {
  try {
    items_for_model(row, plain, model);
  } catch (const UnusableRow& reason) {
    return reason.what();
  }
  return "none";
}

TEST(ScoreItems, APromptAndItsResponseEndWithEos) {
  const auto scored = item({{"prompt", "Hi"}, {"response", " you"}});
  EXPECT_EQ(tokenizer.decode(scored.tokens), "Hi you");
  EXPECT_TRUE(ends_with_eos(scored));
  EXPECT_EQ(scored.prompt_length, 3U);  // with bos
}

TEST(ScoreItems, AConversationIsFormatted) {
  const auto scored = item({{"prompt", "Hi"}, {"response", "Yo"}}, {.format = TextFormat::Conversation});
  EXPECT_EQ(tokenizer.decode(scored.tokens), "BEGINNING OF CONVERSATION: USER: Hi ASSISTANT:Yo");
}

TEST(ScoreItems, AResponseThatWasCutOffHasNoEos) {
  const json row{{"prompt", "Hi"}, {"response", " you"}};
  auto cut = row, length = row, ended = row;
  cut["ended"] = false;
  length["finish_reason"] = "length";
  ended["finish_reason"] = "eos";
  EXPECT_FALSE(ends_with_eos(item(cut)));
  EXPECT_FALSE(ends_with_eos(item(length)));
  EXPECT_TRUE(ends_with_eos(item(ended)));
}

TEST(ScoreItems, ATextStandsForItself) {
  const auto scored = item({{"text", "Hi"}});
  EXPECT_EQ(scored.tokens, tokenizer.encode("Hi"));
  EXPECT_EQ(scored.prompt_length, 0U);
}

TEST(ScoreItems, IdsGoBeforeTexts) {
  EXPECT_THAT(item({{"input_ids", {5, 6}}, {"prompt", "Hi"}}).tokens, ElementsAre(5, 6));
  const auto both = item({{"input_ids", {5, 6}}, {"output_ids", {7}}});
  EXPECT_THAT(both.tokens, ElementsAre(5, 6, 7));
  EXPECT_EQ(both.prompt_length, 2U);
}

TEST(ScoreItems, APairHasTwo) {
  const json row{{"prompt", "P"}, {"response_0", "a"}, {"response_1", "b"}, {"safer_response_id", 1}};
  const auto items = items_for_model(row, {.format = TextFormat::Plain, .pairs = true}, model);
  ASSERT_THAT(items, SizeIs(2));
  EXPECT_EQ(items[1].suffix, "_1");
  EXPECT_EQ(tokenizer.decode(items[1].tokens), "Pb");
  auto malformed = row;
  malformed["safer_response_id"] = 2;
  EXPECT_THROW(items_for_model(malformed, {.pairs = true}, model), UnusableRow);
}

TEST(ScoreItems, ARowThatTheModelCannotTakeIsRefused) {
  EXPECT_THAT(refusal({{"input_ids", json::array()}}), HasSubstr("no tokens"));
  EXPECT_THAT(refusal({{"input_ids", {260}}}), HasSubstr("found token id 260; allowed: below 260"));
  EXPECT_THAT(refusal({{"text", std::string(100, 'a')}}), HasSubstr("more tokens than the model's 100 positions"));
  EXPECT_THAT(refusal({{"prompt", "Hi"}}), HasSubstr("'response' is missing"));
  EXPECT_THAT(refusal({{"prompt", "Hi"}, {"response", "a"}, {"ended", "no"}}), HasSubstr("'ended'"));
}

TEST(ScoreItems, ATextNeedsATokenizer) {
  EXPECT_THROW(items_for_model({{"text", "Hi"}}, plain, {.folder = "model", .vocab = 9, .max_positions = 9}), UserError);
}

TEST(ScoreItems, ARuleReadsTheTextsAsTheyStand) {
  const auto items = items_for_rule({{"prompt", "Hi"}, {"response", "a"}, {"finish_reason", "length"}}, {});
  ASSERT_THAT(items, SizeIs(1));
  EXPECT_EQ(items[0].completion.prompt, "Hi");
  EXPECT_EQ(items[0].completion.response, "a");
  EXPECT_FALSE(items[0].completion.ended);
  EXPECT_EQ(items_for_rule({{"text", "b"}}, {})[0].completion.response, "b");
}

}  // namespace
}  // namespace ballast
