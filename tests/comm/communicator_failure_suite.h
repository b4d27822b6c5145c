// How every transport must fail. Transport: see communicator_suite.h.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/comm/rank_inputs.h"

namespace ballast {

template <typename Transport>
class CommunicatorFailureSuite : public testing::Test {};
TYPED_TEST_SUITE_P(CommunicatorFailureSuite);

TYPED_TEST_P(CommunicatorFailureSuite, ArgumentsThatDoNotFitAreRefused) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const int size = comm.group().size();
    Numbers one(DType::float32, 1);
    Numbers other(DType::int64, size);
    EXPECT_THROW(comm.all_gather(one.buffer(), other.buffer()), std::invalid_argument);
    EXPECT_THROW(comm.reduce_scatter(one.buffer(), one.buffer(), ReduceOp::sum), std::invalid_argument);
    EXPECT_THROW(comm.broadcast(one.buffer(), size), std::invalid_argument);
    EXPECT_THROW(comm.send(-1, one.buffer()), std::invalid_argument);
    EXPECT_THROW(comm.recv(size, one.buffer()), std::invalid_argument);
    EXPECT_THROW(comm.send(comm.group().index, one.buffer()), std::invalid_argument);
    EXPECT_THROW(comm.split("twice", {0, 0}), std::invalid_argument);
    EXPECT_THROW(comm.split("nobody", {}), std::invalid_argument);
  });
}

TYPED_TEST_P(CommunicatorFailureSuite, AMessageOfAnotherLengthIsAnError) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const auto pair = comm.split("pair", {0, 1});
    if (!pair) return;
    Numbers two(DType::float32, 2);
    Numbers three(DType::float32, 3);
    Work work = pair->group().index == 0 ? pair->send(1, two.buffer()) : pair->recv(0, three.buffer());
    const std::string error = error_of(work, patience);
    if (pair->group().index == 1) {
      EXPECT_EQ(error, "exchange on group 'pair' (rank 1 of 2) failed: rank 0 sent 2 elements, 3 were expected");
    }
  });
}

TYPED_TEST_P(CommunicatorFailureSuite, AReceiveThatTimesOutNamesThePeerAndMayStillArrive) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const auto pair = comm.split("pair", {1, 0});
    if (!pair) return;
    Numbers values = rank_input(DType::float32, 2500, pair->group().index);
    if (pair->group().index == 1) {
      std::this_thread::sleep_for(300ms);
      pair->send(0, values.buffer()).wait(patience);
    } else {
      Work work = pair->recv(1, values.buffer());
      EXPECT_EQ(error_of(work, 100ms), "exchange on group 'pair' (rank 0 of 2) timed out after 0.1 s; missing: rank 1");
      EXPECT_EQ(error_of(work, patience), "");
      EXPECT_EQ(values.values(), rank_input(DType::float32, 2500, 1).values());
    }
  });
}

TYPED_TEST_P(CommunicatorFailureSuite, ACollectiveThatTimesOutNamesTheRanksThatHaveNotCome) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const auto late = comm.split("late", all_ranks(comm.group().size()));
    Numbers values = rank_input(DType::float32, 10, comm.group().index);
    if (late->group().index == 0) std::this_thread::sleep_for(1500ms);
    Work work = late->all_reduce(values.buffer(), ReduceOp::sum);
    if (late->group().index == 1) {
      const std::string size = std::to_string(late->group().size());
      EXPECT_EQ(error_of(work, 100ms),
                "all_reduce on group 'late' (rank 1 of " + size + ") timed out after 0.1 s; missing: rank 0");
    }
    EXPECT_EQ(error_of(work, patience), "");
  });
}

TYPED_TEST_P(CommunicatorFailureSuite, AbortEndsWhatIsUnderWayEverywhereAndWhatFollows) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const auto doomed = comm.split("doomed", all_ranks(comm.group().size()));
    const auto child = doomed->split("child", all_ranks(comm.group().size()));
    const bool culprit = doomed->group().index == 1;
    comm.barrier().wait(patience);
    if (culprit) {
      std::this_thread::sleep_for(100ms);
      doomed->abort("disk full");
    } else {
      Work under_way = doomed->barrier();
      Work in_child = child->barrier();
      EXPECT_THAT(error_of(under_way, patience), testing::HasSubstr(") failed: aborted by rank 1: disk full"));
      EXPECT_THAT(error_of(in_child, patience), testing::HasSubstr(") failed: aborted by rank 1: disk full"));
    }
    EXPECT_THAT(error_of(doomed->barrier(), patience), testing::HasSubstr("aborted by rank 1: disk full"));
    EXPECT_THAT(error_of(child->barrier(), patience), testing::HasSubstr("aborted by rank 1: disk full"));
    EXPECT_THROW(doomed->split("more", {0}), CommunicationError);
    EXPECT_EQ(error_of(comm.barrier(), patience), "") << "the parent lives on";
  });
}

REGISTER_TYPED_TEST_SUITE_P(CommunicatorFailureSuite, ArgumentsThatDoNotFitAreRefused, AMessageOfAnotherLengthIsAnError,
                            AReceiveThatTimesOutNamesThePeerAndMayStillArrive,
                            ACollectiveThatTimesOutNamesTheRanksThatHaveNotCome,
                            AbortEndsWhatIsUnderWayEverywhereAndWhatFollows);

}  // namespace ballast
