#include "workers/transfer.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <thread>

#include "comm/loopback_communicator.h"

namespace ballast {
namespace {

constexpr auto timeout = std::chrono::seconds(20);
constexpr BatchKey key{1, 2};

at::Tensor tokens() { return torch::arange(6, torch::kLong).view({2, 3}); }
at::Tensor log_probs() { return torch::arange(4, torch::kFloat).view({2, 2}).t(); }  // not contiguous

TEST(Transfer, CarriesEveryLegAtOnceInBothDirections) {
  constexpr int ranks = 3;
  // 0 -> 1 and 0 -> 2 tokens, 1 -> 0 log-probs, and a leg from 2 to itself.
  const Transfer transfer{
      .key = key,
      .rows = 2,
      .max_length = 3,
      .legs = {{Field::Tokens, 0, 1}, {Field::Tokens, 0, 2}, {Field::LogProbs, 1, 0}, {Field::Cost, 2, 2}}};
  LoopbackWorld world(ranks);
  std::vector<BatchStore> stores(ranks);
  stores[0].put(key, Field::Tokens, tokens());
  stores[1].put(key, Field::LogProbs, log_probs());
  {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < ranks; ++rank) {
      threads.emplace_back([&, rank] { run_transfer(transfer, *world.communicator(rank), stores[rank], timeout); });
    }
  }
  EXPECT_TRUE(torch::equal(stores[1].get(key, Field::Tokens), tokens()));
  EXPECT_TRUE(torch::equal(stores[2].get(key, Field::Tokens), tokens()));
  EXPECT_TRUE(torch::equal(stores[0].get(key, Field::LogProbs), log_probs()));
  EXPECT_FALSE(stores[2].holds(key, Field::Cost));
}

TEST(Transfer, AFieldOfAnotherShapeThanTheCommandSaysIsRefused) {
  LoopbackWorld world(2);
  BatchStore store;
  store.put(key, Field::Tokens, tokens());
  const Transfer transfer{.key = key, .rows = 5, .max_length = 3, .legs = {{Field::Tokens, 0, 1}}};
  EXPECT_ANY_THROW(run_transfer(transfer, *world.communicator(0), store, timeout));
}

}  // namespace
}  // namespace ballast
