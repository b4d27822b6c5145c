// The contract of every transport over the real NCCL, its ranks sharing one GPU where there are no more.
#include <gmock/gmock.h>

#include "tests/comm/communicator_suite.h"
#include "tests/distributed/test_world.h"
#include "tests/gpu/staged_communicator.h"

namespace ballast {

// NCCL's operations of all groups are one queue.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(IndependentGroupsSuite);

namespace {

// Of all ranks; made when it is first asked for, and never closed: NCCL's connections last as long as the process.
Communicator& nccl() {
  static const auto world_on_devices = [] {
    const int rank = test_world().rank();
    choose_cuda_device(rank);
    return stage_on_device(test_world().cuda_communicator(
        {.device = rank % cuda_device_count(), .compute_stream = [] { return nullptr; }}));
  }();
  return *world_on_devices;
}

struct Nccl {
  static void on_each_rank(const std::function<void(Communicator&)>& function) {
    if (!has_cuda_device()) GTEST_SKIP() << "this machine has no CUDA device";
    function(nccl());
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Nccl, CommunicatorSuite, Nccl);

class NcclFailure : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_cuda_device()) GTEST_SKIP() << "this machine has no CUDA device";
  }
};

TEST_F(NcclFailure, ACollectiveThatTimesOutNamesTheRankThatHasNotComeAndEndsOnAllOthers) {
  const int size = nccl().group().size();
  const auto late = nccl().split("late", all_ranks(size));
  const int rank = late->group().index;
  Numbers values = rank_input(DType::float32, 2500, rank);
  if (rank == 0) {
    test_world().communicator().barrier().wait(patience);
    EXPECT_THAT(error_of(late->all_reduce(values.buffer(), ReduceOp::sum), patience),
                testing::HasSubstr("failed: aborted by rank"));
    return;
  }
  const std::string error = error_of(late->all_reduce(values.buffer(), ReduceOp::sum), rank == 1 ? 1s : patience);
  EXPECT_THAT(error, testing::HasSubstr("timed out after 1 s in piece 1 of 3; missing: rank 0"));
  test_world().communicator().barrier().wait(patience);
}

TEST_F(NcclFailure, AnAbortFreesTheDeviceOfAKernelThatWaits) {
  const int size = nccl().group().size();
  const auto doomed = nccl().split("doomed", all_ranks(size));
  Numbers values = rank_input(DType::float32, 10, doomed->group().index);
  if (doomed->group().index == 0) {
    doomed->abort("disk full");
  } else {
    EXPECT_THAT(error_of(doomed->all_reduce(values.buffer(), ReduceOp::sum), patience),
                testing::HasSubstr("aborted by rank 0: disk full"));
  }
  Numbers others = rank_input(DType::float32, 10, nccl().group().index);
  nccl().all_reduce(others.buffer(), ReduceOp::sum).wait(patience);
  EXPECT_EQ(others.values(), reduced_inputs(size, 10, ReduceOp::sum)) << "the parent lives on, on the same stream";
}

}  // namespace
}  // namespace ballast
