#include "launch/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>

#include "launch/settings_violations.h"

namespace ballast {
namespace {

TEST(Environment, ReadsTheThreadsOfARank) {
  setenv("OMP_NUM_THREADS", "3", 1);
  EXPECT_EQ(omp_num_threads(), 3);
  unsetenv("OMP_NUM_THREADS");
  EXPECT_EQ(omp_num_threads(), std::nullopt);
}

TEST(Environment, RefusesThreadsThatAreNoPositiveNumber) {
  for (const char* text : {"", "0", "-1", "two", "2x", "99999999999"}) {
    setenv("OMP_NUM_THREADS", text, 1);
    try {
      omp_num_threads();
      FAIL() << "'" << text << "' was accepted";
    } catch (const ConfigError& error) {
      EXPECT_EQ(error.what(), "environment: field 'OMP_NUM_THREADS': found '" + std::string(text) +
                                  "'; allowed a whole number of at least 1");
    }
  }
  unsetenv("OMP_NUM_THREADS");
}

// Standard output is a new pseudo-terminal while this lives.
class TerminalAsOutput {
 public:
  TerminalAsOutput() : saved_(dup(STDOUT_FILENO)) {
    if (openpty(&outer_, &inner_, nullptr, nullptr, nullptr) != 0 || dup2(inner_, STDOUT_FILENO) < 0) {
      throw std::runtime_error("no pseudo-terminal");
    }
  }
  ~TerminalAsOutput() {
    dup2(saved_, STDOUT_FILENO);
    for (const int descriptor : {saved_, outer_, inner_}) {
      ::close(descriptor);
    }
  }
  TerminalAsOutput(const TerminalAsOutput&) = delete;
  TerminalAsOutput& operator=(const TerminalAsOutput&) = delete;

 private:
  int saved_;
  int outer_ = -1;
  int inner_ = -1;
};

TEST(Environment, RecognisesATerminalUnlessItIsDumb) {
  const TerminalAsOutput terminal;
  setenv("TERM", "xterm", 1);
  const bool capable = output_is_terminal();
  setenv("TERM", "dumb", 1);
  const bool dumb = output_is_terminal();
  EXPECT_TRUE(capable);
  EXPECT_FALSE(dumb);
}

}  // namespace
}  // namespace ballast
