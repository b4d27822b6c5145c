#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace ballast {
namespace {

using namespace std::chrono_literals;
using testing::ContainsRegex;
using testing::HasSubstr;

struct JobEnd {
  int exit_code = 0;
  std::string output;
};

// Into a file: a rank that mpirun leaves behind would hold a pipe open.
JobEnd run_job(const std::string& launcher, const std::string& how) {
  const auto output = std::filesystem::path(testing::TempDir()) / ("world_exit_" + how + ".txt");
  const int status =
      std::system(fmt::format("timeout 40 {} {} {} > {} 2>&1", launcher, WORLD_EXIT_JOB, how, output.string()).c_str());
  std::stringstream text;
  text << std::ifstream(output).rdbuf();
  std::filesystem::remove(output);
  return {WEXITSTATUS(status), text.str()};
}

std::string mpirun(const std::string& arguments) { return fmt::format("{} --oversubscribe {}", MPIRUN, arguments); }

constexpr int timed_out = 124;

TEST(WorldExit, ARankThatIsLeftByAnExceptionEndsTheJobAndTellsTheOthers) {
  const JobEnd end = run_job(mpirun("-n 3"), "leave_by_exception");
  EXPECT_NE(end.exit_code, 0);
  EXPECT_NE(end.exit_code, timed_out);
  EXPECT_THAT(end.output, HasSubstr("main: the cat ate it"));
  for (const int rank : {0, 2}) {
    EXPECT_THAT(end.output,
                HasSubstr(fmt::format("rank {0}: barrier on group 'world' (rank {0} of 3) failed: aborted by "
                                      "rank 1: it was left by an exception",
                                      rank)));
  }
}

TEST(WorldExit, ADeadPeerIsAnErrorWhereMpiReportsIt) {
  const JobEnd end = run_job(mpirun("-n 3 --with-ft ulfm"), "be_killed");
  EXPECT_NE(end.exit_code, 0);
  EXPECT_NE(end.exit_code, timed_out);
  for (const int rank : {0, 2}) {
    EXPECT_THAT(end.output,
                ContainsRegex(fmt::format("rank {0}: barrier on group 'world' [(]rank {0} of 3[)] failed: .*"
                                          "MPI_ERR_PROC_FAILED",
                                          rank)));
  }
}

TEST(WorldExit, ARankThatDoesNotComeToTheCloseIsNotWaitedForLongerThanTheDeadline) {
  const auto start = std::chrono::steady_clock::now();
  const JobEnd end = run_job(mpirun("-n 2"), "miss_the_close");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
  EXPECT_NE(end.exit_code, 0);
  EXPECT_THAT(end.output, HasSubstr("rank 0: barrier on group 'world' (rank 0 of 2) timed out after 0.5 s"));
}

TEST(WorldExit, AfterTheCloseEveryOperationFails) {
  const JobEnd end = run_job(mpirun("-n 2"), "use_after_close");
  EXPECT_EQ(end.exit_code, 0) << end.output;
  EXPECT_THAT(end.output,
              HasSubstr("rank 1: barrier on group 'world' (rank 1 of 2) failed: the comm thread has stopped"));
}

TEST(WorldExit, AWorldOfOneNeedsNoMpirun) {
  const JobEnd end = run_job("", "use_after_close");
  EXPECT_EQ(end.exit_code, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("(rank 0 of 1)"));
}

}  // namespace
}  // namespace ballast
