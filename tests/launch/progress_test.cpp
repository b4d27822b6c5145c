#include "launch/progress.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace ballast {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ProgressLine, ShowsTheShareDoneAndTheTimeLeft) {
  EXPECT_EQ(
      progress_line({.task = "generating", .done = 10, .total = 40, .seconds = 20.0, .text = "123 tokens/s"}, 100),
      "[======>                 ] generating 10/40  ETA 1:00  123 tokens/s");
}

TEST(ProgressLine, IsFullWhenAllIsDone) {
  EXPECT_THAT(progress_line({.task = "scoring", .done = 3, .total = 3, .seconds = 1.0, .text = ""}, 100),
              StartsWith("[========================] scoring 3/3  ETA 0:00"));
}

TEST(ProgressLine, DoesNotGuessBeforeAnythingIsDone) {
  EXPECT_THAT(progress_line({.task = "scoring", .done = 0, .total = 5, .seconds = 9.0, .text = ""}, 100),
              HasSubstr("scoring 0/5  ETA ?"));
  EXPECT_THAT(progress_line({.task = "scoring", .done = 0, .total = 0, .seconds = 9.0, .text = ""}, 100),
              HasSubstr("0/0"));
}

TEST(ProgressLine, GivesTheBarsRoomToTheTextWhereThereIsLittle) {
  EXPECT_EQ(progress_line({.task = "scoring", .done = 1, .total = 2, .seconds = 9.0, .text = "long text"}, 45),
            "[=====>    ] scoring 1/2  ETA 0:09  long text");
}

TEST(ProgressLine, EndsWhereTheTerminalEnds) {
  EXPECT_EQ(progress_line({.task = "scoring", .done = 1, .total = 5, .seconds = 9.0, .text = "long text"}, 30).size(),
            30);
}

TEST(ClockTime, HasHoursOnlyWhenNeeded) {
  EXPECT_EQ(clock_time(0.0), "0:00");
  EXPECT_EQ(clock_time(59.6), "1:00");
  EXPECT_EQ(clock_time(754.0), "12:34");
  EXPECT_EQ(clock_time(3723.0), "1:02:03");
}

TEST(Progress, DrawsAtMostTenTimesASecondAndLeavesNothing) {
  ::testing::internal::CaptureStderr();
  {
    Progress progress("counting", 1000, ShowProgress::Always);
    for (int i = 0; i < 100; ++i) progress.advance();
  }
  const auto drawn = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(drawn, HasSubstr("counting 1/1000"));
  EXPECT_THAT(drawn, ::testing::EndsWith("\r\x1b[K"));
  EXPECT_LT(std::ranges::count(drawn, '\r'), 100);
}

TEST(Progress, IsSilentWhereStderrIsNoTerminal) {
  ::testing::internal::CaptureStderr();  // a file
  Progress progress("counting", 2);
  progress.advance(2, "done");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace ballast
