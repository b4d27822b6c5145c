#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>
#include <vector>

namespace {

TEST(EmulatedCuda, RunsEveryThreadOfEveryBlock) {
  std::vector<int> seen(2 * 3 * 5);
  emulated_cuda::run({2, 3}, {5}, [&] { ++seen[(blockIdx.y * gridDim.x + blockIdx.x) * blockDim.x + threadIdx.x]; });
  EXPECT_EQ(seen, std::vector<int>(seen.size(), 1));
}

TEST(EmulatedCuda, ABarrierLetsThreadsSeeWhatAllWroteBeforeIt) {
  std::vector<int> shared(64), sums(64);
  emulated_cuda::run({1}, {64}, [&] {
    shared[threadIdx.x] = static_cast<int>(threadIdx.x);
    __syncthreads();
    sums[threadIdx.x] = std::accumulate(shared.begin(), shared.end(), 0);
  });
  EXPECT_EQ(sums, std::vector<int>(64, 64 * 63 / 2));
}

TEST(EmulatedCuda, LanesOfAWarpExchangeValues) {
  std::vector<unsigned> swapped(64), from_below(64), from_seven(64), ballots(64);
  emulated_cuda::run({1}, {64}, [&] {
    const unsigned i = threadIdx.x;
    swapped[i] = __shfl_xor_sync(~0U, i, 1);
    from_below[i] = __shfl_up_sync(~0U, i, 2);
    from_seven[i] = __shfl_sync(~0U, i, 7);
    ballots[i] = __ballot_sync(~0U, i % 32 < 3);
  });
  EXPECT_EQ(swapped[40], 41u);
  EXPECT_EQ(from_below[40], 38u);
  EXPECT_EQ(from_below[33], 33u);
  EXPECT_EQ(from_seven[40], 39u);
  EXPECT_EQ(ballots[40], 7u);
}

TEST(EmulatedCuda, NoticesABarrierThatSomeThreadsDoNotReach) {
  const auto diverging = [] {
    if (threadIdx.x > 0) __syncthreads();
  };
  EXPECT_THROW(emulated_cuda::run({1}, {4}, diverging), std::runtime_error);
}

TEST(EmulatedCuda, SelectsBytes) {
  EXPECT_EQ(__byte_perm(0x33221100, 0x77665544, 0x5410), 0x55441100u);
  EXPECT_EQ(__byte_perm(0x33221100, 0x77665544, 0x7632), 0x77663322u);
}

}  // namespace
