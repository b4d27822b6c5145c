#include "workers/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workers/data/temporary_file.h"
#include "tests/workers/data/toy_tokenizer.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const ToyTokenizer tokenizer;
constexpr std::size_t max_length = 200;

/// The text of the tokens that are learned.
std::string learned(const LabelledRow& row) {
  std::string text;
  for (std::size_t i = 0; i < row.tokens.size(); ++i) {
    if (!row.labelled[i]) continue;
    text += row.tokens[i] == tokenizer.special_tokens().eos ? "</s>" : tokenizer.decode({&row.tokens[i], 1});
  }
  return text;
}

std::vector<std::string> texts(const std::vector<TokenIds>& rows) {
  std::vector<std::string> result;
  for (const auto& row : rows) result.push_back(tokenizer.decode(row));
  return result;
}

DatasetConfig plain(const TemporaryFile& file) { return {.path = file.path(), .format = TextFormat::Plain}; }

TEST(Supervised, APlainResponseFollowsItsPromptAsItStands) {
  const TemporaryFile file(R"({"prompt": "One day", "response": " it rained."})");
  const auto dataset = read_supervised(plain(file), tokenizer, max_length);
  ASSERT_THAT(dataset.rows, SizeIs(1));
  EXPECT_EQ(tokenizer.decode(dataset.rows[0].tokens), "One day it rained.");
  EXPECT_EQ(learned(dataset.rows[0]), " it rained.</s>");
  EXPECT_THAT(dataset.remarks, IsEmpty());
}

TEST(Supervised, EveryTokenOfATextByItselfIsLearned) {
  const TemporaryFile file(R"({"text": "One day"})");
  EXPECT_EQ(learned(read_supervised(plain(file), tokenizer, max_length).rows.at(0)), "One day</s>");
}

TEST(Supervised, AnInstructionAndItsInputMakeAQuestion) {
  const TemporaryFile file(R"([{"instruction": "Add", "input": "1 2", "output": "3"},
                               {"instruction": "Say hi", "input": "", "output": "hi"}])");
  const auto rows = read_supervised({.path = file.path()}, tokenizer, max_length).rows;
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(tokenizer.decode(rows[0].tokens), "BEGINNING OF CONVERSATION: USER: Add 1 2 ASSISTANT:3");
  EXPECT_EQ(learned(rows[1]), "hi</s>");
}

TEST(Supervised, EveryAssistantTurnBeforeTheResponseIsLearnedToo) {
  const TemporaryFile file(R"({"prompt": ["Hi", "Yo", "Who?"], "response": "Me"})");
  EXPECT_EQ(learned(read_supervised({.path = file.path()}, tokenizer, max_length).rows.at(0)), "Yo</s>Me</s>");
}

TEST(Supervised, AResponseThatIsCutOffWholeIsSkipped) {
  const TemporaryFile file(
      "{\"prompt\": \"0123456789\", \"response\": \"a\"}\n{\"prompt\": \"0\", \"response\": \"a\"}");
  const auto dataset = read_supervised(plain(file), tokenizer, 11);
  EXPECT_THAT(dataset.rows, SizeIs(1));
  EXPECT_THAT(dataset.remarks,
              ElementsAre(HasSubstr("1 of 2 rows skipped: line 1: nothing is left to learn within 11")));
}

TEST(Supervised, UnusableRowsAreSkippedWithTheirLinesUnlessStrict) {
  const TemporaryFile file("{\"prompt\": \"a\", \"response\": \"b\"}\n7\n\n{\"prompt\": \"a\"}\n{\"prompt\": \"a\"}\n");
  auto config = plain(file);
  EXPECT_THAT(
      read_supervised(config, tokenizer, max_length).remarks,
      ElementsAre(HasSubstr("3 of 4 rows skipped: line 4, 5: field 'response' is missing; line 2: found number")));
  config.strict = true;
  EXPECT_THROW(read_supervised(config, tokenizer, max_length), UserError);
}

TEST(Supervised, ADatasetWithoutAUsableRowIsAnError) {
  const TemporaryFile file("{\"prompt\": \"a\"}");
  EXPECT_THROW(read_supervised(plain(file), tokenizer, max_length), UserError);
}

TEST(Dataset, ReadsTheFirstRowsOfSeveralFilesUnderOtherKeys) {
  const TemporaryFile first("{\"q\": \"a\"}\n{\"q\": \"b\"}");
  const TemporaryFile second("{\"q\": \"c\"}\n{\"q\": \"d\"}");
  DatasetConfig config{.paths = {first.path(), second.path()}, .format = TextFormat::Plain, .max_rows = 3};
  config.keys.prompt = "q";
  EXPECT_THAT(texts(read_prompts(config, tokenizer, max_length).rows), ElementsAre("a", "b", "c"));
}

TEST(Prompts, OfEqualOnesTheLastStaysAndThisIsSaid) {
  const TemporaryFile file("{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n{\"prompt\": \"a\"}");
  const auto dataset = read_prompts(plain(file), tokenizer, max_length);
  EXPECT_THAT(texts(dataset.rows), ElementsAre("b", "a"));
  EXPECT_THAT(dataset.remarks, ElementsAre("1 of 3 prompts occur again later and were left out"));
}

TEST(Prompts, ThatLeaveNoRoomForAResponseAreSkipped) {
  const TemporaryFile file("{\"prompt\": \"1234\"}\n{\"prompt\": \"12345\"}\n{\"prompt\": \"123456\"}");
  const auto dataset = read_prompts(plain(file), tokenizer, 6);  // the bos counts
  EXPECT_THAT(texts(dataset.rows), ElementsAre("1234"));
  EXPECT_THAT(dataset.remarks, ElementsAre(HasSubstr("line 2, 3: the prompt leaves no room")));
}

TEST(Prompts, MustFitTheirFormat) {
  const TemporaryFile file("{\"prompt\": [\"Hi\", \"Yo\"]}\n{\"prompt\": \"Hi\"}");
  EXPECT_THAT(read_prompts({.path = file.path()}, tokenizer, max_length).remarks,
              ElementsAre(HasSubstr("line 1: the prompt has 2 turns and does not end with a user's")));
  EXPECT_THAT(read_prompts(plain(file), tokenizer, max_length).remarks,
              ElementsAre(HasSubstr("line 1: the prompt has 2 turns; allowed in the plain format: one text")));
}

constexpr auto pair_row =
    R"({"prompt": "P", "response_0": "zero", "response_1": "one", "better_response_id": "0", "safer_response_id": 1,
        "is_response_0_safe": 0, "is_response_1_safe": true})";

TEST(PreferencePairs, PutTheBetterResponseFirst) {
  const TemporaryFile file(std::string("[") + pair_row + R"(, {"prompt": "P", "chosen": "yes", "rejected": "no"}])");
  const auto rows = read_preference_pairs(plain(file), tokenizer, max_length).rows;
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(tokenizer.decode(rows[0].preferred), "Pzero");
  EXPECT_EQ(tokenizer.decode(rows[0].other), "Pone");
  EXPECT_EQ(rows[0].other.back(), tokenizer.special_tokens().eos);
  EXPECT_EQ(tokenizer.decode(rows[1].preferred), "Pyes");
}

TEST(PreferencePairs, ThatAreTheSameOrHaveNoIdAreSkipped) {
  const TemporaryFile file(R"([{"prompt": "P", "response_0": "a", "response_1": "a", "better_response_id": 0},
                               {"prompt": "P", "response_0": "a", "response_1": "b"},
                               {"prompt": "P", "chosen": "a", "rejected": "b"}])");
  const auto dataset = read_preference_pairs(plain(file), tokenizer, max_length);
  EXPECT_THAT(dataset.rows, SizeIs(1));
  EXPECT_THAT(dataset.remarks, ElementsAre(AllOf(HasSubstr("line 1: both answers are the same"),
                                                 HasSubstr("line 2: field 'better_response_id' is missing"))));
}

TEST(SafetyPairs, PutTheSaferResponseFirstWithItsSigns) {
  const TemporaryFile file(std::string("[") + pair_row + "]");
  const auto rows = read_safety_pairs(plain(file), tokenizer, max_length).rows;
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(tokenizer.decode(rows[0].tokens.preferred), "Pone");
  EXPECT_EQ(rows[0].safer_sign, 1);
  EXPECT_EQ(rows[0].unsafer_sign, -1);
}

}  // namespace
}  // namespace ballast
