#include "workers/bucket_queue.h"

#include <gmock/gmock.h>

namespace ballast {
namespace {

using testing::ElementsAre;

constexpr std::int64_t block = Partition::block;

// Five buckets of two blocks; what lies in the last one does not decay.
Partition five_buckets() { return {9 * block, 2, 2 * block}; }
BucketQueue queue_of_five() { return {five_buckets(), 8 * block}; }

std::vector<int> complete(BucketQueue& queue) {
  std::vector<int> buckets;
  while (const auto bucket = queue.take_complete()) buckets.push_back(*bucket);
  return buckets;
}

std::vector<int> rest(BucketQueue& queue) {
  std::vector<int> buckets;
  while (const auto bucket = queue.take()) buckets.push_back(*bucket);
  queue.end();
  return buckets;
}

const std::vector<int> leaves(5);  // what they are called by
void arrive(BucketQueue& queue, std::int64_t first, std::int64_t last) {
  queue.arrived(&leaves[first / 2], {first * block, last * block});
}

// The last bucket's leaf, then the others from the end on.
void run_backward(BucketQueue& queue) {
  arrive(queue, 8, 9);
  for (const std::int64_t begin : {6, 4, 2, 0}) arrive(queue, begin, begin + 2);
}

TEST(Partition, CutsBucketsIntoWholeBlocksForEachReplica) {
  const Partition partition = five_buckets();
  ASSERT_EQ(partition.buckets(), 5);
  EXPECT_EQ(partition.piece(1, 1).begin, 3 * block);
  EXPECT_EQ(partition.piece(1, 1).end, 4 * block);
  EXPECT_EQ(partition.piece(4, 0).size(), block);
  EXPECT_TRUE(partition.piece(4, 1).empty());
  EXPECT_EQ(partition.bucket_of(8 * block), 4);
  EXPECT_EQ(Partition::padded(9 * block, 2), 10 * block);
  EXPECT_EQ(Partition(100, 4).piece(0, 0).size(), 100);
}

TEST(BucketQueue, WaitsForTheEndOfTheFirstStepAndLearnsWhatArrives) {
  auto queue = queue_of_five();
  queue.begin(true);
  run_backward(queue);
  EXPECT_THAT(complete(queue), ElementsAre());
  EXPECT_THAT(rest(queue), ElementsAre(3, 2, 1, 0, 4));
}

TEST(BucketQueue, LetsBucketsGoInOneOrderAsTheLastBackwardPassComesBy) {
  auto queue = queue_of_five();
  queue.begin(false);
  run_backward(queue);
  EXPECT_THAT(complete(queue), ElementsAre());  // not the last
  queue.begin(true);
  arrive(queue, 8, 9);
  EXPECT_THAT(complete(queue), ElementsAre());  // comes last in the order
  arrive(queue, 4, 6);
  EXPECT_THAT(complete(queue), ElementsAre());  // the bucket before it has not left
  arrive(queue, 6, 8);
  EXPECT_THAT(complete(queue), ElementsAre(3, 2));
  EXPECT_THAT(rest(queue), ElementsAre(1, 0, 4));
}

TEST(BucketQueue, AwaitsALeafAsOftenAsAMicroBatchHasHadIt) {
  auto queue = queue_of_five();
  queue.begin(false);
  run_backward(queue);
  run_backward(queue);
  queue.begin(true);
  run_backward(queue);
  EXPECT_THAT(complete(queue), ElementsAre());
  run_backward(queue);
  EXPECT_THAT(complete(queue), ElementsAre(3, 2, 1, 0, 4));
}

// Texts without targets leave the head out of their backward pass.
TEST(BucketQueue, AwaitsALeafAsOftenAsAnyOtherWasThere) {
  auto queue = queue_of_five();
  queue.begin(false);
  run_backward(queue);
  for (const std::int64_t begin : {4, 2, 0}) arrive(queue, begin, begin + 2);
  queue.begin(true);
  run_backward(queue);
  EXPECT_THAT(complete(queue), ElementsAre());
  run_backward(queue);
  EXPECT_THAT(complete(queue), ElementsAre(3, 2, 1, 0, 4));
}

TEST(BucketQueue, AwaitsBothEndsOfALeafThatLiesInTwoBuckets) {
  auto queue = queue_of_five();
  const int leaf = 0;
  queue.begin(false);
  run_backward(queue);
  queue.arrived(&leaf, {5 * block, 7 * block});
  queue.begin(true);
  run_backward(queue);
  EXPECT_THAT(complete(queue), ElementsAre());
  queue.arrived(&leaf, {5 * block, 7 * block});
  EXPECT_THAT(complete(queue), ElementsAre(3, 2, 1, 0, 4));
}

TEST(BucketQueue, RefusesAGradientThatComesTooLate) {
  auto queue = queue_of_five();
  queue.begin(false);
  run_backward(queue);
  queue.begin(true);
  run_backward(queue);
  EXPECT_THAT(complete(queue), ElementsAre(3, 2, 1, 0, 4));
  EXPECT_THROW(arrive(queue, 2, 4), std::logic_error);
}

}  // namespace
}  // namespace ballast
