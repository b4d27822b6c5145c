// main of the test programs that run under mpirun: all ranks run the same tests, rank 0 prints, the others print their
// failures only, a failure on any rank fails the run on all.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/distributed/test_world.h"

namespace ballast {
namespace {

World* the_world = nullptr;

class FailurePrinter : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    fmt::print(stderr, "rank {}: {}:{}: {}\n", the_world->rank(), result.file_name() ? result.file_name() : "?",
               result.line_number(), result.message());
  }
};

bool failed_on_any_rank(bool failed) {
  std::int64_t failures = failed ? 1 : 0;
  the_world->communicator().all_reduce({&failures, 1, DType::int64}, ReduceOp::sum).wait(std::chrono::minutes(1));
  return failures > 0;
}

}  // namespace

World& test_world() { return *the_world; }

}  // namespace ballast

int main(int argc, char** argv) {
  ballast::World world(&argc, &argv, {.max_elements_per_call = 1000});
  ballast::the_world = &world;
  testing::InitGoogleMock(&argc, argv);
  if (world.rank() > 0) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new ballast::FailurePrinter);
  }
  const bool failed = ballast::failed_on_any_rank(RUN_ALL_TESTS() != 0);
  world.close();
  return failed ? 1 : 0;
}
