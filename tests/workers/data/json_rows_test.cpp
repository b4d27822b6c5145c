#include "workers/data/json_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "tests/workers/data/temporary_file.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string gzipped(const std::string& text) {
  const TemporaryFile file;
  gzFile stream = gzopen(file.path().c_str(), "wb");
  gzwrite(stream, text.data(), static_cast<unsigned>(text.size()));
  gzclose_w(stream);
  return file.content();
}

std::vector<std::int64_t> lines_of(const std::vector<JsonRow>& rows) {
  std::vector<std::int64_t> lines;
  for (const auto& row : rows) lines.push_back(row.line);
  return lines;
}

std::string error_of(const std::string& content) {
  const TemporaryFile file(content);
  try {
    read_json_rows(file.path());
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

constexpr auto three_rows = "{\"a\": 1}\r\n\n  {\"a\": 2}\n{\"a\": 3}";

TEST(JsonRows, AreReadLineByLine) {
  const TemporaryFile file(three_rows);
  const auto rows = read_json_rows(file.path());
  EXPECT_THAT(lines_of(rows), ElementsAre(1, 3, 4));
  EXPECT_EQ(rows[1].value.at("a"), 2);
}

TEST(JsonRows, AreReadFromOneArrayWithTheLinesInWhichTheyStart) {
  const TemporaryFile file("\n[{\"a\": \"[,{\\\"\\n\"}, {\"b\": [1, {}],\n\"c\": {}},\n\n{}]\n");
  const auto rows = read_json_rows(file.path());
  EXPECT_THAT(lines_of(rows), ElementsAre(2, 2, 5));
  EXPECT_EQ(rows[1].value.at("c"), nlohmann::json::object());
}

TEST(JsonRows, AreUnpackedWhateverTheFileIsCalled) {
  const TemporaryFile file(gzipped(three_rows));
  EXPECT_EQ(read_json_rows(file.path()).size(), 3);
  const TemporaryFile two_members(gzipped(three_rows) + gzipped("\n{}"));
  EXPECT_EQ(read_json_rows(two_members.path()).size(), 4);
}

TEST(JsonRows, MayStartWithAByteOrderMark) {
  const TemporaryFile file("\xEF\xBB\xBF[{}]");
  EXPECT_EQ(read_json_rows(file.path()).size(), 1);
}

TEST(JsonRows, ThatAreNoObjectsAreSkippedAndReportedWithTheirLines) {
  const TemporaryFile file("{}\n{\"a\": \n[1]\n{\"a\": \"\xFF\"}\n{}\n5\n");
  SkippedRows skipped{.file = file.path()};
  const auto rows = read_json_rows(skipped);
  EXPECT_THAT(lines_of(rows), ElementsAre(1, 5));
  EXPECT_EQ(skipped.sentence(6),
            file.path().string() +
                ": 4 of 6 rows skipped: line 3: found array; allowed: a JSON object; line 6: found "
                "number; allowed: a JSON object; line 2, 4: found text that is not JSON; allowed: a "
                "JSON object");
}

TEST(JsonRows, ThatAreNoObjectsAreErrorsWhenNoneMayBeSkipped) {
  EXPECT_THAT(error_of("{}\n{\"a\": \n"), HasSubstr(":2: found text that is not JSON; allowed: a JSON object"));
  EXPECT_THAT(error_of("[{},\n7]"), HasSubstr(":2: found number; allowed: a JSON object"));
}

TEST(JsonRows, NeedAFileThatIsThereAndATextFile) {
  EXPECT_THROW(read_json_rows("no/such/file.jsonl"), UserError);
  EXPECT_THROW(read_json_rows("."), UserError);
  EXPECT_THAT(error_of(""), HasSubstr("an empty file"));
  EXPECT_THAT(error_of(gzipped("")), HasSubstr("an empty file"));
  EXPECT_THAT(error_of("\n \n"), HasSubstr("found no row"));
  EXPECT_THAT(error_of("[]"), HasSubstr("found no row"));
  EXPECT_THAT(error_of(std::string("\x7F"
                                   "ELF\0\1",
                                   6)),
              HasSubstr("binary content"));
}

TEST(JsonRows, InADamagedArrayAreAnErrorAsAWhole) {
  EXPECT_THAT(error_of("[{}, {\"a\""), HasSubstr("an array that is not JSON"));
  EXPECT_THAT(error_of(std::string(200000, '[')), HasSubstr("an array that is not JSON"));
}

TEST(JsonRows, NeedCompressedDataThatIsComplete) {
  const auto whole = gzipped(three_rows);
  for (const std::size_t kept : {whole.size() - 1, whole.size() - 9, std::size_t{12}, std::size_t{3}}) {
    EXPECT_THAT(error_of(whole.substr(0, kept)), HasSubstr("damaged or cut off")) << kept << " bytes";
  }
  auto flipped = whole;
  flipped[flipped.size() - 6] ^= 1;  // the checksum
  EXPECT_THAT(error_of(flipped), HasSubstr("damaged or cut off"));
}

TEST(SkippedRows, NameTheFirstLinesAndCountTheOthers) {
  SkippedRows skipped{.file = "f.jsonl"};
  EXPECT_EQ(skipped.sentence(9), "");
  for (int line = 1; line <= 7; ++line) skipped.skip(line, "no prompt");
  EXPECT_EQ(skipped.sentence(9), "f.jsonl: 7 of 9 rows skipped: line 1, 2, 3, 4, 5 and 2 more: no prompt");
}

}  // namespace
}  // namespace ballast
