// What every transport must deliver, compared with a serial computation. A Transport has
//   static void on_each_rank(const std::function<void(Communicator&)>&);
// which runs the function on every rank at the same time. Transports under test cut calls at 1,000 elements.
#pragma once
#include <gtest/gtest.h>

#include <thread>

#include "tests/comm/rank_inputs.h"

namespace ballast {

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

TYPED_TEST_P(CommunicatorSuite, ReduceScatterAndAllGatherWorkInPlace) {
  TypeParam::on_each_rank([](Communicator& comm) {
    const auto [size, rank] = std::pair(comm.group().size(), comm.group().index);
    for_each_dtype_and_size([&, size = size, rank = rank](DType dtype, std::int64_t count) {
      Numbers values = rank_input(dtype, size * count, rank);
      const Buffer own = values.part(rank * count, count);
      comm.reduce_scatter(values.buffer(), own, ReduceOp::sum).wait(patience);
      comm.all_gather(own, values.buffer()).wait(patience);
      EXPECT_EQ(values.values(), reduced_inputs(size, size * count, ReduceOp::sum));
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

REGISTER_TYPED_TEST_SUITE_P(CommunicatorSuite, AllReduceGivesEveryRankTheReduction,
                            ReduceScatterGivesEachRankItsPartOfTheReduction,
                            AllGatherGivesEveryRankAllInputsInGroupOrder, ReduceScatterAndAllGatherWorkInPlace,
                            BroadcastGivesEveryRankTheRootsValues, NoRankLeavesABarrierBeforeTheLastHasEntered,
                            SendReachesTheReceiver, ExchangeRunsARingInBothDirections,
                            ExchangeDeliversEveryRankToEveryRankItselfIncluded,
                            MessagesBetweenTwoRanksMatchInTheOrderOfPosting, OperationsOfAllKindsMayBeUnderWayTogether,
                            SplitReordersNestsAndLeavesOut);

// Of transports that do not put the operations of all groups into one queue.
template <typename Transport>
class IndependentGroupsSuite : public testing::Test {};
TYPED_TEST_SUITE_P(IndependentGroupsSuite);

TYPED_TEST_P(IndependentGroupsSuite, GroupsThatOverlapWorkIndependently) {
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

REGISTER_TYPED_TEST_SUITE_P(IndependentGroupsSuite, GroupsThatOverlapWorkIndependently);

}  // namespace ballast
