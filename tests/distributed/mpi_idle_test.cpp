#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <ctime>
#include <thread>

#include "tests/distributed/test_world.h"

namespace ballast {
namespace {

using namespace std::chrono_literals;

double process_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// A job has several groups; each of them listens.
TEST(MpiIdle, ARankInACollectiveWhosePeerIsLateUsesLittleOfACore) {
  Communicator& comm = test_world().communicator();
  std::array<std::unique_ptr<Communicator>, 6> others;
  for (auto& other : others) other = comm.split("other", {0, 1, 2});
  float value = 1;
  comm.barrier().wait(10s);
  const double before = process_cpu_seconds();
  if (comm.group().index == 0) std::this_thread::sleep_for(10s);
  comm.all_reduce({&value, 1, DType::float32}, ReduceOp::sum).wait(20s);
  EXPECT_LT(process_cpu_seconds() - before, 0.05 * 10);
  EXPECT_EQ(value, 3);
}

TEST(MpiIdle, ARankWithNothingUnderWaySleeps) {
  test_world().communicator().barrier().wait(10s);
  std::this_thread::sleep_for(500ms);  // the comm thread lingers for 50 ms
  const double before = process_cpu_seconds();
  std::this_thread::sleep_for(1s);
  EXPECT_LT(process_cpu_seconds() - before, 0.001);
}

}  // namespace
}  // namespace ballast
