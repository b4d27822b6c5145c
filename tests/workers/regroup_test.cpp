#include "workers/regroup.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <thread>

#include "comm/loopback_communicator.h"

namespace ballast {
namespace {

constexpr auto timeout = std::chrono::seconds(20);
constexpr std::int64_t max_length = 3;

// Row `row` of micro-batch `m`, so that each is known wherever it comes to lie.
std::int64_t name_of(int m, std::int64_t row) { return 100 * m + 10 * row; }

// Micro-batch `m` of batch 1, two rows.
void put_micro_batch(BatchStore& store, int m) {
  const auto names_B = torch::tensor({name_of(m, 0), name_of(m, 1)}, torch::kLong);
  store.put({1, m}, Field::Lengths, names_B);
  store.put({1, m}, Field::Tokens, names_B.unsqueeze(1) + torch::arange(max_length));
  store.put({1, m}, Field::LogProbs, (names_B.unsqueeze(1) + torch::arange(max_length - 1)).to(torch::kFloat));
}

// Three micro-batches of two rows become two, of four rows and of one; a row stays behind.
Regroup regroup(std::vector<int> ranks, int shards) {
  return {.from = 1,
          .into = 2,
          .max_length = max_length,
          .fields = {Field::Tokens, Field::Lengths, Field::LogProbs},
          .micro_batches = {{{2, 1}, {0, 0}, {1, 1}, {1, 0}}, {{0, 1}}},
          .ranks = std::move(ranks),
          .shards = shards};
}

void expect_rows(const BatchStore& store, int m, const std::vector<std::int64_t>& names) {
  const auto names_B = torch::tensor(names, torch::kLong);
  EXPECT_TRUE(torch::equal(store.get({2, m}, Field::Lengths), names_B));
  EXPECT_TRUE(torch::equal(store.get({2, m}, Field::Tokens), names_B.unsqueeze(1) + torch::arange(max_length)));
  EXPECT_TRUE(torch::equal(store.get({2, m}, Field::LogProbs),
                           (names_B.unsqueeze(1) + torch::arange(max_length - 1)).to(torch::kFloat)));
}

// The stores of all ranks afterwards.
std::vector<BatchStore> regrouped(int world_size, const Regroup& command) {
  LoopbackWorld world(world_size);
  std::vector<BatchStore> stores(world_size);
  const Layout layout(command.ranks, command.shards);
  for (int m = 0; m < 3; ++m) {
    for (const int rank : layout.replica(m % layout.replicas())) put_micro_batch(stores[rank], m);
  }
  std::vector<std::jthread> threads;
  for (const int rank : command.ranks) {
    threads.emplace_back([&, rank] { run_regroup(command, *world.communicator(rank), stores[rank], timeout); });
  }
  threads.clear();
  return stores;
}

TEST(Regroup, OnOneReplicaCopiesRows) {
  const auto stores = regrouped(2, regroup({1}, 1));
  expect_rows(stores[1], 0, {210, 0, 110, 100});
  expect_rows(stores[1], 1, {10});
}

TEST(Regroup, MovesRowsToTheReplicasOfTheirNewMicroBatches) {
  const auto stores = regrouped(3, regroup({2, 0}, 1));
  expect_rows(stores[2], 0, {210, 0, 110, 100});
  expect_rows(stores[0], 1, {10});
  EXPECT_FALSE(stores[0].holds({2, 0}, Field::Tokens));
  EXPECT_FALSE(stores[2].holds({2, 1}, Field::Tokens));
  EXPECT_EQ(stores[1].bytes(), 0);
}

TEST(Regroup, GivesAllShardsOfAReplicaTheSameRows) {
  const auto stores = regrouped(4, regroup({0, 1, 2, 3}, 2));
  for (const int rank : {0, 1}) expect_rows(stores[rank], 0, {210, 0, 110, 100});
  for (const int rank : {2, 3}) expect_rows(stores[rank], 1, {10});
}

TEST(Regroup, ByARankThatHasNoPartInItIsRefused) {
  LoopbackWorld world(2);
  BatchStore store;
  EXPECT_ANY_THROW(run_regroup(regroup({1}, 1), *world.communicator(0), store, timeout));
}

}  // namespace
}  // namespace ballast
