#include "comm/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

namespace ballast {
namespace {

using testing::MatchesRegex;

// A pipe whose written bytes can be read back.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Pipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int input() const { return ends_[1]; }
  std::string read_once() const {
    std::string text(1 << 16, '\0');
    const auto length = read(ends_[0], text.data(), text.size());
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return text;
  }

 private:
  std::array<int, 2> ends_{};
};

TEST(Logger, WritesTimeRankHostLevelAndText) {
  const Pipe pipe;
  Logger({.rank = 3, .host = "node07", .descriptor = pipe.input()}).warning("lost {} of {}", 2, 6);
  EXPECT_THAT(pipe.read_once(), MatchesRegex("..:..:..\\.... rank 3 node07 warning: lost 2 of 6\n"));
}

TEST(Logger, LeavesOutWhatItDoesNotKnow) {
  const Pipe pipe;
  Logger({.descriptor = pipe.input()}).error("early");
  EXPECT_THAT(pipe.read_once(), MatchesRegex("..:..:..\\.... error: early\n"));
}

TEST(Logger, KeepsAMessageOnOneLine) {
  const Pipe pipe;
  Logger({.descriptor = pipe.input()}).info("two\nlines");
  EXPECT_THAT(pipe.read_once(), MatchesRegex(".* info: two lines\n"));
}

TEST(Logger, LeavesOutLinesBelowTheThreshold) {
  const Pipe pipe;
  const Logger log({.threshold = LogLevel::warning, .descriptor = pipe.input()});
  log.info("not this");
  log.error("but this");
  EXPECT_THAT(pipe.read_once(), MatchesRegex("..:..:..\\.... error: but this\n"));
}

TEST(Logger, DoesNotMixTheLinesOfThreads) {
  const Pipe pipe;
  const Logger log({.descriptor = pipe.input()});
  const std::string text(100, 'x');
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int line = 0; line < 50; ++line) log.info("{}", text);
    });
  }
  for (auto& thread : threads) thread.join();
  const std::string all = pipe.read_once();
  EXPECT_EQ(std::ranges::count(all, '\n'), 200);
  EXPECT_THAT(all, MatchesRegex("(..:..:..\\.... info: x{100}\n){200}"));
}

}  // namespace
}  // namespace ballast
