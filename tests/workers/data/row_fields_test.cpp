#include "workers/data/row_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Why `read`(fields) of the row fails.
template <typename Read>
std::string refusal(const json& row, const Read& read) {
  try {
    read(RowFields(row));
  } catch (const UnusableRow& reason) {
    return reason.what();
  }
  return "none";
}

TEST(RowFields, TellWhatIsMissing) {
  const json row{{"b", nullptr}};
  const auto text = [](const std::string& key) { return [key](const RowFields& fields) { fields.text(key); }; };
  EXPECT_EQ(refusal(row, text("a")), "field 'a' is missing");
  EXPECT_EQ(refusal(row, text("b")), "field 'b' is missing");
  EXPECT_EQ(refusal({{"a", 7}}, text("a")), "field 'a': found 7; allowed: text");
}

TEST(RowFields, ReadTurnsFromATextOrAListOfThem) {
  const json row{{"one", "Hi"},
                 {"three", {"Hi", "Yo", "Who"}},
                 {"roles", {{{"role", "user"}, {"content", "Hi"}}, {{"role", "assistant"}, {"content", "Yo"}}}}};
  const RowFields fields(row);
  EXPECT_THAT(fields.turns("one"), ElementsAre("Hi"));
  EXPECT_THAT(fields.turns("three"), ElementsAre("Hi", "Yo", "Who"));
  EXPECT_THAT(fields.turns("roles"), ElementsAre("Hi", "Yo"));
}

TEST(RowFields, RefuseTurnsThatAreNoTurns) {
  const auto turns = [](const RowFields& fields) { fields.turns("p"); };
  EXPECT_THAT(refusal({{"p", 5}}, turns), HasSubstr("found 5"));
  EXPECT_THAT(refusal({{"p", json::array()}}, turns), HasSubstr("an empty list"));
  EXPECT_THAT(refusal({{"p", {"Hi", 5}}}, turns), HasSubstr("found 5 as turn 1"));
  EXPECT_THAT(refusal({{"p", json::array({{{"role", "system"}, {"content", "Be"}}})}}, turns),
              HasSubstr("turn 0 by \"system\""));
  EXPECT_THAT(refusal({{"p", json::array({{{"role", "user"}, {"content", nullptr}}})}}, turns),
              HasSubstr("found object as turn 0"));
}

TEST(RowFields, ReadFlagsAsTruthValuesOrNumbers) {
  const json row{{"a", true}, {"b", 0}, {"c", 1}};
  const RowFields fields(row);
  EXPECT_TRUE(fields.flag("a"));
  EXPECT_FALSE(fields.flag("b"));
  EXPECT_TRUE(fields.flag("c"));
  const auto flag = [](const RowFields& other) { other.flag("d"); };
  EXPECT_THAT(refusal({{"d", 2}}, flag), HasSubstr("found 2; allowed: true, false, 1, 0"));
  EXPECT_THAT(refusal({{"d", "true"}}, flag), HasSubstr("found string"));
}

TEST(RowFields, ReadIdsOfAPairAsNumbersOrText) {
  const json row{{"a", 1}, {"b", "0"}};
  const RowFields fields(row);
  EXPECT_EQ(fields.choice("a"), 1);
  EXPECT_EQ(fields.choice("b"), 0);
  const auto choice = [](const RowFields& other) { other.choice("c"); };
  EXPECT_THAT(refusal({{"c", -1}}, choice), HasSubstr("found -1; allowed: 0, 1"));
  EXPECT_THAT(refusal({{"c", "first"}}, choice), HasSubstr("found \"first\""));
  EXPECT_THAT(refusal({{"c", true}}, choice), HasSubstr("found true"));
}

TEST(RowFields, ReadTokenIds) {
  const json row{{"ids", {3, 0, 5}}};
  EXPECT_THAT(RowFields(row).ids("ids"), ElementsAre(3, 0, 5));
  const auto ids = [](const RowFields& other) { other.ids("ids"); };
  EXPECT_THAT(refusal({{"ids", {3, -1}}}, ids), HasSubstr("found -1 in the list"));
  EXPECT_THAT(refusal({{"ids", {3, 1.5}}}, ids), HasSubstr("found 1.5 in the list"));
  EXPECT_THAT(refusal({{"ids", "3 4"}}, ids), HasSubstr("found string"));
}

}  // namespace
}  // namespace ballast
