#include "workers/data/utf8.h"

#include <array>

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(Utf8, ValidTextStaysAsItIs) {
  for (const std::string text : {"", "plain", "\x7F", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                                 "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(replace_invalid_utf8(text), text);
  }
  EXPECT_EQ(replace_invalid_utf8(std::string("a\0b", 3)), std::string("a\0b", 3));
}

// Counts of U+FFFD by CPython 3.11: bytes.decode("utf-8", errors="replace").
TEST(Utf8, InvalidBytesCountAsPythonCountsThem) {
  struct Case {
    std::string bytes;
    std::string shown;  // '?' for U+FFFD
  };
  const std::array cases{Case{"\xFF", "?"},
                         Case{"a\xFF\xFE"
                              "b",
                              "a??b"},
                         Case{"\x80\x80\x80", "???"},
                         Case{"\xC3", "?"},
                         Case{"\xC3(", "?("},
                         Case{"\xC0\xAF", "??"},
                         Case{"\xC1\xBF", "??"},
                         Case{"\xE2\x82", "?"},
                         Case{"\xE2\x82"
                              "a",
                              "?a"},
                         Case{"\xE2\xE2\x82", "??"},
                         Case{"\xE0\x80\xAF", "???"},
                         Case{"\xE0\x9F\x80", "???"},
                         Case{"\xED\xA0\x80", "???"},
                         Case{"\xF0\x9F\x91", "?"},
                         Case{"\xF0\x9F\x91 \xF0\x9F", "? ?"},
                         Case{"\xF0\x8F\xBF\xBF", "????"},
                         Case{"\xF4\x90\x80\x80", "????"},
                         Case{"\xF5\x80\x80\x80", "????"},
                         Case{"\xF0\x90\xC3\xA9", "?\xC3\xA9"}};
  for (const auto& [bytes, shown] : cases) {
    std::string expected;
    for (const char c : shown) {
      expected += c == '?' ? "\xEF\xBF\xBD" : std::string(1, c);
    }
    EXPECT_EQ(replace_invalid_utf8(bytes), expected) << ::testing::PrintToString(bytes);
  }
}

TEST(Utf8, CodePointsAreReadFromBothEnds) {
  const std::string text = "a\xC3\xA9\xE8\x88\xB9\xF0\x9F\x91\x8D";
  EXPECT_EQ(first_code_point(text).value, U'a');
  EXPECT_EQ(first_code_point(text.substr(1)).value, U'\u00E9');
  EXPECT_EQ(first_code_point(text.substr(3)).value, U'\u8239');
  EXPECT_EQ(last_code_point(text).value, U'\U0001F44D');
  EXPECT_EQ(last_code_point(text).length, 4U);
  EXPECT_EQ(last_code_point("a").value, U'a');
}

}  // namespace
}  // namespace ballast
