// What every transport must do, compared with a serial computation. A Transport has
//   static void on_each_rank(const std::function<void(Communicator&)>&);
// which runs the function on every rank at the same time. Transports under test cut calls at 1,000 elements.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "tests/comm/numbers.h"

namespace ballast {

using namespace std::chrono_literals;

constexpr auto patience = 20s;
constexpr std::array all_dtypes{DType::float32, DType::bfloat16, DType::int64};
constexpr std::array<std::int64_t, 6> sizes_around_the_seams{0, 1, 999, 1000, 1001, 2500};

// Element i of a rank's input: small, of either sign, different on every rank.
inline int input_value(int rank, std::int64_t i) { return static_cast<int>((i * 7 + rank * 5) % 31) - 15; }

inline Numbers rank_input(DType dtype, std::int64_t count, int rank) {
  return {dtype, count, [=](std::int64_t i) { return input_value(rank, i); }};
}

// The element-wise reduction of all ranks' inputs, serially.
inline std::vector<int> reduced_inputs(int ranks, std::int64_t count, ReduceOp op) {
  std::vector<int> result(count);
  for (std::int64_t i = 0; i < count; ++i) {
    result[i] = input_value(0, i);
    for (int rank = 1; rank < ranks; ++rank) {
      const int value = input_value(rank, i);
      result[i] = op == ReduceOp::sum ? result[i] + value : std::max(result[i], value);
    }
  }
  return result;
}

inline std::vector<int> slice(const std::vector<int>& values, std::int64_t begin, std::int64_t count) {
  return {values.begin() + begin, values.begin() + begin + count};
}

inline std::vector<int> all_ranks(int size) {
  std::vector<int> ranks(size);
  for (int i = 0; i < size; ++i) ranks[i] = i;
  return ranks;
}

// The message of the CommunicationError that the wait ends with; empty when it ends well.
inline std::string error_of(Work work, std::chrono::milliseconds timeout) {
  try {
    work.wait(timeout);
    return "";
  } catch (const CommunicationError& error) {
    return error.what();
  }
}

inline void for_each_dtype_and_size(const std::function<void(DType, std::int64_t)>& check) {
  for (const DType dtype : all_dtypes) {
    for (const std::int64_t count : sizes_around_the_seams) check(dtype, count);
  }
}

template <typename Transport>
class CommunicatorSuite : public testing::Test {};
TYPED_TEST_SUITE_P(CommunicatorSuite);

TYPED_TEST_P(CommunicatorSuite, AllReduceGivesEveryRankTheReduction) {
  TypeParam::on_each_rank([](Communicator& comm) {
    for (const ReduceOp op : {ReduceOp::sum, ReduceOp::max}) {
      for_each_dtype_and_size([&](DType dtype, std::int64_t count) {
        Numbers values = rank_input(dtype, count, comm.group().index);
        comm.all_reduce(values.buffer(), op).wait(patience);
        EXPECT_EQ(values.values(), reduced_inputs(comm.group().size(), count, op));
      });
    }
  });
}

TYPED_TEST_P(CommunicatorSuite, ReduceScatterGivesEachRankItsPartOfTheReduction) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const auto [size, rank] = std::pair(comm.group().size(), comm.group().index);
    for (const ReduceOp op : {ReduceOp::sum, ReduceOp::max}) {
      for_each_dtype_and_size([&, size = size, rank = rank](DType dtype, std::int64_t count) {
        Numbers input = rank_input(dtype, size * count, rank);
        Numbers output(dtype, count);
        comm.reduce_scatter(input.buffer(), output.buffer(), op).wait(patience);
        EXPECT_EQ(output.values(), slice(reduced_inputs(size, size * count, op), rank * count, count));
        EXPECT_EQ(input.values(), rank_input(dtype, size * count, rank).values()) << "the input is left alone";
      });
    }
  });
}

TYPED_TEST_P(CommunicatorSuite, AllGatherGivesEveryRankAllInputsInGroupOrder) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const int size = comm.group().size();
    for_each_dtype_and_size([&](DType dtype, std::int64_t count) {
      Numbers input = rank_input(dtype, count, comm.group().index);
      Numbers output(dtype, size * count);
      comm.all_gather(input.buffer(), output.buffer()).wait(patience);
      Numbers expected(dtype, size * count, [&](std::int64_t i) { return input_value(i / count, i % count); });
      EXPECT_EQ(output.values(), expected.values());
    });
  });
}

TYPED_TEST_P(CommunicatorSuite, BroadcastGivesEveryRankTheRootsValues) {
  TypeParam::on_each_rank([](Communicator& comm) {
    for (int root = 0; root < comm.group().size(); ++root) {
      for_each_dtype_and_size([&](DType dtype, std::int64_t count) {
        Numbers values = rank_input(dtype, count, comm.group().index);
        comm.broadcast(values.buffer(), root).wait(patience);
        EXPECT_EQ(values.values(), rank_input(dtype, count, root).values());
      });
    }
  });
}

TYPED_TEST_P(CommunicatorSuite, NoRankLeavesABarrierBeforeTheLastHasEntered) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const auto now = [] { return std::int64_t{std::chrono::steady_clock::now().time_since_epoch().count()}; };
    if (comm.group().index == 0) std::this_thread::sleep_for(50ms);
    std::array<std::int64_t, 2> times{now(), 0};  // entered, minus left
    comm.barrier().wait(patience);
    times[1] = -now();
    comm.all_reduce({times.data(), 2, DType::int64}, ReduceOp::max).wait(patience);
    EXPECT_LE(times[0], -times[1]) << "last entry, first exit";
  });
}

TYPED_TEST_P(CommunicatorSuite, SendReachesTheReceiver) {
  TypeParam::on_each_rank([](Communicator& comm) {
    for_each_dtype_and_size([&](DType dtype, std::int64_t count) {
      Numbers values = rank_input(dtype, count, comm.group().index);
      if (comm.group().index == 0) comm.send(1, values.buffer()).wait(patience);
      if (comm.group().index == 1) {
        comm.recv(0, values.buffer()).wait(patience);
        EXPECT_EQ(values.values(), rank_input(dtype, count, 0).values());
      }
    });
  });
}

TYPED_TEST_P(CommunicatorSuite, ExchangeRunsARingInBothDirections) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const int size = comm.group().size();
    const int next = (comm.group().index + 1) % size;
    const int previous = (comm.group().index + size - 1) % size;
    for_each_dtype_and_size([&](DType dtype, std::int64_t count) {
      Numbers own = rank_input(dtype, count, comm.group().index);
      Numbers from_previous(dtype, count);
      Numbers from_next(dtype, count);
      // With two ranks both messages have the same peer: they match in the order of posting.
      comm.exchange({{next, own.buffer()}, {previous, own.buffer()}},
                    {{previous, from_previous.buffer()}, {next, from_next.buffer()}})
          .wait(patience);
      EXPECT_EQ(from_previous.values(), rank_input(dtype, count, previous).values());
      EXPECT_EQ(from_next.values(), rank_input(dtype, count, next).values());
    });
  });
}

TYPED_TEST_P(CommunicatorSuite, ExchangeDeliversEveryRankToEveryRankItselfIncluded) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const auto [size, rank] = std::pair(comm.group().size(), comm.group().index);
    for_each_dtype_and_size([&, size = size, rank = rank](DType dtype, std::int64_t count) {
      Numbers input = rank_input(dtype, size * count, rank);
      Numbers output(dtype, size * count);
      std::vector<Send> sends;
      std::vector<Receive> receives;
      for (int peer = 0; peer < size; ++peer) {
        sends.push_back({peer, input.part(peer * count, count)});
        receives.push_back({peer, output.part(peer * count, count)});
      }
      comm.exchange(sends, receives).wait(patience);
      Numbers expected(dtype, size * count,
                       [&](std::int64_t i) { return input_value(i / count, rank * count + i % count); });
      EXPECT_EQ(output.values(), expected.values());
    });
  });
}

TYPED_TEST_P(CommunicatorSuite, MessagesBetweenTwoRanksMatchInTheOrderOfPosting) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const std::array<std::int64_t, 4> counts{2500, 1, 0, 1001};
    std::vector<Numbers> messages;
    for (int k = 0; k < 4; ++k) {
      messages.emplace_back(DType::float32, counts[k], [=](std::int64_t i) { return input_value(k, i); });
    }
    if (comm.group().index == 0) {  // two operations, sent together
      Work first = comm.exchange({{1, messages[0].buffer()}, {1, messages[1].buffer()}}, {});
      Work second = comm.exchange({{1, messages[2].buffer()}, {1, messages[3].buffer()}}, {});
      first.wait(patience);
      second.wait(patience);
    }
    if (comm.group().index == 1) {
      for (int k = 0; k < 4; ++k) {
        Numbers received(DType::float32, counts[k]);
        comm.recv(0, received.buffer()).wait(patience);
        EXPECT_EQ(received.values(), messages[k].values());
      }
    }
  });
}

TYPED_TEST_P(CommunicatorSuite, OperationsOfAllKindsMayBeUnderWayTogether) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const auto [size, rank] = std::pair(comm.group().size(), comm.group().index);
    for (int repetition = 0; repetition < 5; ++repetition) {
      Numbers sum = rank_input(DType::float32, 2500, rank);
      Numbers ring_in(DType::int64, 1001);
      Numbers ring_out = rank_input(DType::int64, 1001, rank);
      Numbers shared = rank_input(DType::bfloat16, 999, rank);
      Numbers largest = rank_input(DType::bfloat16, 1, rank);
      std::vector<Work> works;
      works.push_back(comm.all_reduce(sum.buffer(), ReduceOp::sum));
      works.push_back(
          comm.exchange({{(rank + 1) % size, ring_out.buffer()}}, {{(rank + size - 1) % size, ring_in.buffer()}}));
      works.push_back(comm.broadcast(shared.buffer(), size - 1));
      works.push_back(comm.barrier());
      works.push_back(comm.all_reduce(largest.buffer(), ReduceOp::max));
      for (auto work = works.rbegin(); work != works.rend(); ++work) work->wait(patience);
      EXPECT_EQ(sum.values(), reduced_inputs(size, 2500, ReduceOp::sum));
      EXPECT_EQ(ring_in.values(), rank_input(DType::int64, 1001, (rank + size - 1) % size).values());
      EXPECT_EQ(shared.values(), rank_input(DType::bfloat16, 999, size - 1).values());
      EXPECT_EQ(largest.values(), reduced_inputs(size, 1, ReduceOp::max));
    }
  });
}

TYPED_TEST_P(CommunicatorSuite, SplitReordersNestsAndLeavesOut) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const auto [size, rank] = std::pair(comm.group().size(), comm.group().index);
    std::vector<int> backwards = all_ranks(size);
    std::ranges::reverse(backwards);
    const auto reversed = comm.split("reversed", backwards);
    ASSERT_NE(reversed, nullptr);
    EXPECT_EQ(reversed->group().name, "reversed");
    EXPECT_EQ(reversed->group().ranks, backwards);
    EXPECT_EQ(reversed->group().index, size - 1 - rank);
    EXPECT_EQ(reversed->group().world_rank(), rank);

    const auto nested = reversed->split("nested", {1, 0});  // world ranks size - 2, size - 1
    if (rank < size - 2) {
      EXPECT_EQ(nested, nullptr);
    } else {
      ASSERT_NE(nested, nullptr);
      EXPECT_EQ(nested->group().ranks, (std::vector<int>{size - 2, size - 1}));
      Numbers shared = rank_input(DType::float32, 1001, nested->group().index);
      nested->broadcast(shared.buffer(), 1).wait(patience);
      EXPECT_EQ(shared.values(), rank_input(DType::float32, 1001, 1).values());
    }
    Numbers own = rank_input(DType::int64, 1, rank);
    Numbers gathered(DType::int64, size);
    reversed->all_gather(own.buffer(), gathered.buffer()).wait(patience);
    EXPECT_EQ(gathered.values(), Numbers(DType::int64, size, [&, size = size](auto i) {
                                   return input_value(size - 1 - static_cast<int>(i), 0);
                                 }).values());
  });
}

TYPED_TEST_P(CommunicatorSuite, GroupsThatOverlapWorkIndependently) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const auto [size, rank] = std::pair(comm.group().size(), comm.group().index);
    const auto first = comm.split("first", {0, 1});
    const auto all = comm.split("all", all_ranks(size));
    Numbers pair_sum = rank_input(DType::float32, 2500, rank);
    Numbers total = rank_input(DType::float32, 2500, rank);
    // Rank 0 starts with the pair, rank 1 with the whole: neither waits for the other.
    std::vector<Work> works;
    if (rank == 0) works.push_back(first->all_reduce(pair_sum.buffer(), ReduceOp::sum));
    works.push_back(all->all_reduce(total.buffer(), ReduceOp::sum));
    if (rank == 1) works.push_back(first->all_reduce(pair_sum.buffer(), ReduceOp::sum));
    for (Work& work : works) work.wait(patience);
    EXPECT_EQ(total.values(), reduced_inputs(size, 2500, ReduceOp::sum));
    if (!first) return;
    EXPECT_EQ(pair_sum.values(), reduced_inputs(2, 2500, ReduceOp::sum));
  });
}

TYPED_TEST_P(CommunicatorSuite, ArgumentsThatDoNotFitAreRefused) {
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

TYPED_TEST_P(CommunicatorSuite, AMessageOfAnotherLengthIsAnError) {
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

TYPED_TEST_P(CommunicatorSuite, AReceiveThatTimesOutNamesThePeerAndMayStillArrive) {
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

TYPED_TEST_P(CommunicatorSuite, ACollectiveThatTimesOutNamesOperationGroupAndRank) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const auto late = comm.split("late", all_ranks(comm.group().size()));
    Numbers values = rank_input(DType::float32, 10, comm.group().index);
    if (late->group().index == 0) std::this_thread::sleep_for(300ms);
    Work work = late->all_reduce(values.buffer(), ReduceOp::sum);
    if (late->group().index == 1) {
      const std::string size = std::to_string(late->group().size());
      EXPECT_THAT(error_of(work, 100ms),
                  testing::StartsWith("all_reduce on group 'late' (rank 1 of " + size + ") timed out after 0.1 s"));
    }
    EXPECT_EQ(error_of(work, patience), "");
  });
}

TYPED_TEST_P(CommunicatorSuite, AbortEndsWhatIsUnderWayEverywhereAndWhatFollows) {
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

REGISTER_TYPED_TEST_SUITE_P(CommunicatorSuite, AllReduceGivesEveryRankTheReduction,
                            ReduceScatterGivesEachRankItsPartOfTheReduction,
                            AllGatherGivesEveryRankAllInputsInGroupOrder, BroadcastGivesEveryRankTheRootsValues,
                            NoRankLeavesABarrierBeforeTheLastHasEntered, SendReachesTheReceiver,
                            ExchangeRunsARingInBothDirections, ExchangeDeliversEveryRankToEveryRankItselfIncluded,
                            MessagesBetweenTwoRanksMatchInTheOrderOfPosting, OperationsOfAllKindsMayBeUnderWayTogether,
                            SplitReordersNestsAndLeavesOut, GroupsThatOverlapWorkIndependently,
                            ArgumentsThatDoNotFitAreRefused, AMessageOfAnotherLengthIsAnError,
                            AReceiveThatTimesOutNamesThePeerAndMayStillArrive,
                            ACollectiveThatTimesOutNamesOperationGroupAndRank,
                            AbortEndsWhatIsUnderWayEverywhereAndWhatFollows);

}  // namespace ballast
