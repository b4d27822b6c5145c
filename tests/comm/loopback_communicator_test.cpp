#include "comm/loopback_communicator.h"

#include "tests/comm/communicator_failure_suite.h"
#include "tests/comm/communicator_suite.h"
#include "tests/comm/loopback_ranks.h"

namespace ballast {
namespace {

template <int size>
struct Loopback {
  static void on_each_rank(const std::function<void(Communicator&)>& function) { on_loopback_ranks(size, function); }
};

using Sizes = testing::Types<Loopback<2>, Loopback<3>, Loopback<4>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Loopback, CommunicatorSuite, Sizes);
INSTANTIATE_TYPED_TEST_SUITE_P(Loopback, IndependentGroupsSuite, Sizes);
INSTANTIATE_TYPED_TEST_SUITE_P(Loopback, CommunicatorFailureSuite, Sizes);

TEST(LoopbackCommunicator, NamesTheRanksThatACollectiveWaitsFor) {
  LoopbackWorld world(4);
  const auto rank_1 = world.communicator(1);
  const auto rank_2 = world.communicator(2);
  Numbers values(DType::float32, 3);
  Numbers other_values(DType::float32, 3);
  Work work = rank_2->all_reduce(values.buffer(), ReduceOp::sum);
  EXPECT_EQ(error_of(work, 10ms),
            "all_reduce on group 'world' (rank 2 of 4) timed out after 0.01 s; missing: ranks 0, 1, 3");
  Work other = rank_1->all_reduce(other_values.buffer(), ReduceOp::sum);
  EXPECT_EQ(error_of(work, 10ms),
            "all_reduce on group 'world' (rank 2 of 4) timed out after 0.01 s; missing: ranks 0, 3");
}

TEST(LoopbackCommunicator, KeepsASendOpenUntilItIsReceived) {
  LoopbackWorld world(2);
  const auto sender = world.communicator(0);
  const auto receiver = world.communicator(1);
  Numbers sent = rank_input(DType::int64, 5, 0);
  Numbers received(DType::int64, 5);
  Work send = sender->send(1, sent.buffer());
  EXPECT_FALSE(send.done());
  Work receive = receiver->recv(0, received.buffer());
  EXPECT_TRUE(send.done());
  EXPECT_TRUE(receive.done());
  EXPECT_EQ(received.values(), sent.values());
}

TEST(LoopbackCommunicator, TellsBothSidesOfADisagreement) {
  LoopbackWorld world(2);
  const auto rank_0 = world.communicator(0);
  const auto rank_1 = world.communicator(1);
  Numbers values(DType::float32, 3);
  Work reduce = rank_0->all_reduce(values.buffer(), ReduceOp::sum);
  Work barrier = rank_1->barrier();
  EXPECT_THAT(error_of(reduce, 0ms), testing::AllOf(testing::HasSubstr("rank 0 called all_reduce of 3 elements"),
                                                    testing::HasSubstr("rank 1 called barrier")));
  EXPECT_THAT(error_of(barrier, 0ms), testing::StartsWith("barrier on group 'world' (rank 1 of 2) failed: rank 0"));
}

TEST(LoopbackCommunicator, RefusesASplitThatDiffersFromAnotherRanks) {
  LoopbackWorld world(2);
  EXPECT_NE(world.communicator(0)->split("actor", {0, 1}), nullptr);
  EXPECT_THROW(world.communicator(1)->split("critic", {0, 1}), CommunicationError);
}

TEST(LoopbackCommunicator, ShowsADeadlockOfTwoRanksThatSendFirst) {
  LoopbackWorld world(2);
  const auto rank_0 = world.communicator(0);
  const auto rank_1 = world.communicator(1);
  Numbers values(DType::float32, 1);
  EXPECT_THAT(error_of(rank_0->send(1, values.buffer()), 10ms), testing::EndsWith("missing: rank 1"));
  EXPECT_THAT(error_of(rank_1->send(0, values.buffer()), 10ms), testing::EndsWith("missing: rank 0"));
}

}  // namespace
}  // namespace ballast
