#include "workers/gradient_lanes.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <functional>
#include <thread>

#include "comm/loopback_communicator.h"

namespace ballast {
namespace {

constexpr auto timeout = std::chrono::seconds(20);
constexpr std::int64_t numel = 1000;

at::Tensor gradient_of(int micro_batch) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(100 + micro_batch);
  return torch::randn({numel}, generator) * std::pow(10.0, micro_batch % 3);
}

// The summed gradient of the second of two equal steps, as each replica has it afterwards.
std::vector<at::Tensor> summed(int replicas, int lanes, int micro_batches = 7) {
  std::vector<at::Tensor> results(replicas);
  LoopbackWorld world(replicas);
  std::vector<std::jthread> threads;
  for (int replica = 0; replica < replicas; ++replica) {
    threads.emplace_back([&, replica] {
      const auto communicator = world.communicator(replica);
      const auto flat_gradient = torch::full({numel}, 99.0);  // left over from before
      GradientLanes gradient_lanes(flat_gradient, lanes, replicas > 1 ? communicator.get() : nullptr);
      for (int step = 0; step < 2; ++step) {
        for (int m = replica; m < micro_batches; m += replicas) {
          gradient_lanes.begin(m);
          flat_gradient.add_(gradient_of(m));
        }
        gradient_lanes.reduce(timeout);
      }
      results[replica] = flat_gradient.clone();
    });
  }
  threads.clear();
  return results;
}

TEST(GradientLanes, TheSumHasTheSameBitsOnOneTwoAndFourReplicas) {
  for (const int micro_batches : {1, 2, 3, 7}) {
    const auto expected = summed(1, 4, micro_batches).front();
    for (const int replicas : {2, 4}) {
      for (const auto& result : summed(replicas, 4, micro_batches))
        EXPECT_TRUE(torch::equal(result, expected)) << replicas << " replicas, " << micro_batches << " micro-batches";
    }
  }
}

TEST(GradientLanes, TheSumOfOneMicroBatchIsItsGradient) {
  for (const int lanes : {1, 2}) EXPECT_TRUE(torch::equal(summed(1, lanes, 1).front(), gradient_of(0)));
}

TEST(GradientLanes, TheSumOfNoMicroBatchIsZero) {
  for (const int lanes : {1, 2}) EXPECT_TRUE(torch::equal(summed(1, lanes, 0).front(), torch::zeros({numel})));
}

TEST(GradientLanes, OneLaneIsEqualWithinToleranceOnly) {
  auto expected = torch::zeros({numel}, torch::kDouble);
  for (int m = 0; m < 7; ++m) expected += gradient_of(m).to(torch::kDouble);
  for (const int replicas : {1, 2, 4}) {
    for (const auto& result : summed(replicas, 1)) {
      EXPECT_TRUE(torch::allclose(result.to(torch::kDouble), expected, 1e-4, 1e-3)) << replicas;
    }
  }
  EXPECT_FALSE(torch::equal(summed(1, 1).front(), summed(4, 1).front()));  // why lanes exist
}

TEST(GradientLanes, LanesThatCannotBeDealtToTheReplicasAreRefused) {
  LoopbackWorld world(1);
  EXPECT_ANY_THROW(GradientLanes(torch::zeros({4}), 3, nullptr));
}

}  // namespace
}  // namespace ballast
