#include "workers/gradient_sum.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "tests/comm/loopback_ranks.h"

namespace ballast {
namespace {

constexpr std::int64_t rows = 5, row = 3000;  // four blocks, of which the last is not full

// Five parameters, so that a bucket of one block meets up to two of them.
Parameters make_parameters() {
  std::vector<ParameterSpec> specs;
  for (std::int64_t i = 0; i < rows; ++i) specs.push_back({.name = std::to_string(i) + ".weight", .shape = {row}});
  return {specs, Use::Learn};
}

at::Tensor gradient_of(int micro_batch) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(100 + micro_batch);
  return torch::randn({rows, row}, generator) * std::pow(10.0, micro_batch % 3);
}

// By the backward pass of a sum, parameter by parameter from the last on.
void backward(const Parameters& parameters, int micro_batch) {
  const auto gradient = gradient_of(micro_batch);
  for (std::int64_t i = rows - 1; i >= 0; --i)
    (parameters.at(std::to_string(i) + ".weight") * gradient[i]).sum().backward();
}

struct Case {
  int replicas = 1;
  int lanes = 4;
  int micro_batches = 7;
  bool overlap = true;
};

// The summed gradient of the last of three equal steps, as each replica has it afterwards.
std::vector<at::Tensor> summed(const Case& test) {
  std::vector<at::Tensor> results(test.replicas);
  on_loopback_ranks(test.replicas, [&](Communicator& communicator) {
    const int replica = communicator.group().index;
    auto parameters = make_parameters();
    parameters.flat_gradient().fill_(99.0);  // left over from before
    GradientSum sum(parameters, {.communicator = test.replicas > 1 ? &communicator : nullptr,
                                 .lanes = test.lanes,
                                 .timeout = std::chrono::seconds(20),
                                 .bucket = 1,
                                 .overlap = test.overlap});
    for (int step = 0; step < 3; ++step) {
      for (int m = replica; m < test.micro_batches; m += test.replicas) {
        sum.begin(m, m + test.replicas >= test.micro_batches);
        backward(parameters, m);
      }
      sum.finish();
    }
    at::Tensor result = torch::empty({rows, row});
    for (const auto& segment : parameters.segments())
      result[std::stoi(segment.spec.name)] = slice_of(parameters.flat_gradient(), segment.span());
    results[replica] = result;
  });
  return results;
}

TEST(GradientSum, HasTheSameBitsOnOneTwoAndFourReplicas) {
  for (const int micro_batches : {1, 2, 3, 7}) {
    const auto expected = summed({.micro_batches = micro_batches}).front();
    for (const int replicas : {2, 4}) {
      for (const bool overlap : {false, true})
        for (const auto& result : summed({.replicas = replicas, .micro_batches = micro_batches, .overlap = overlap}))
          EXPECT_TRUE(torch::equal(result, expected)) << replicas << " replicas, " << micro_batches << " micro-batches";
    }
  }
}

TEST(GradientSum, OfOneMicroBatchIsItsGradient) {
  for (const int lanes : {1, 2})
    EXPECT_TRUE(torch::equal(summed({.lanes = lanes, .micro_batches = 1}).front(), gradient_of(0)));
}

TEST(GradientSum, OfNoMicroBatchIsZero) {
  for (const int lanes : {1, 2})
    EXPECT_TRUE(torch::equal(summed({.lanes = lanes, .micro_batches = 0}).front(), torch::zeros({rows, row})));
}

TEST(GradientSum, WithOneLaneIsEqualWithinToleranceOnly) {
  auto expected = torch::zeros({rows, row}, torch::kDouble);
  for (int m = 0; m < 7; ++m) expected += gradient_of(m).to(torch::kDouble);
  for (const int replicas : {1, 2, 4}) {
    for (const auto& result : summed({.replicas = replicas, .lanes = 1}))
      EXPECT_TRUE(torch::allclose(result.to(torch::kDouble), expected, 1e-4, 1e-3)) << replicas;
  }
  // Why lanes exist.
  EXPECT_FALSE(torch::equal(summed({.lanes = 1}).front(), summed({.replicas = 4, .lanes = 1}).front()));
}

TEST(GradientSum, RefusesLanesThatCannotBeDealtToTheReplicas) {
  EXPECT_ANY_THROW(GradientLanes(torch::zeros({4}), 3, 1));
  EXPECT_ANY_THROW(GradientLanes(torch::zeros({4}), 2, 4));
}

}  // namespace
}  // namespace ballast
