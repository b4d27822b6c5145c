#include "launch/bench/comm_works.h"

#include <gmock/gmock.h>

#include "tests/comm/loopback_ranks.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;

// A transport that leaves the receivers of a broadcast with what they had.
class LosesBroadcasts : public Communicator {
 public:
  explicit LosesBroadcasts(Communicator& inner) : inner_(inner) {}
  const RankGroup& group() const override { return inner_.group(); }
  Work all_reduce(Buffer buffer, ReduceOp op) override { return inner_.all_reduce(buffer, op); }
  Work reduce_scatter(ConstBuffer input, Buffer output, ReduceOp op) override {
    return inner_.reduce_scatter(input, output, op);
  }
  Work all_gather(ConstBuffer input, Buffer output) override { return inner_.all_gather(input, output); }
  Work broadcast(Buffer /*buffer*/, int /*root*/) override { return inner_.barrier(); }
  Work exchange(std::vector<Send> sends, std::vector<Receive> receives) override {
    return inner_.exchange(std::move(sends), std::move(receives));
  }
  Work barrier() override { return inner_.barrier(); }
  std::unique_ptr<Communicator> split(std::string name, std::vector<int> members) override {
    return inner_.split(std::move(name), std::move(members));
  }
  void abort(const std::string& reason) override { inner_.abort(reason); }

 private:
  Communicator& inner_;
};

const CommOptions three_sizes{.min_bytes = 4, .max_bytes = 400, .factor = 10, .repeats = 2};

TEST(CommWorks, MeasureEveryOperationAtEverySizeThatAllRanksCanShare) {
  on_loopback_ranks(3, [](Communicator& world) {
    std::vector<std::string> found;
    for (const auto& transfer : measure_transfers({.transport = world, .agreement = world}, three_sizes)) {
      found.push_back(transfer.operation + " " + std::to_string(transfer.bytes));
      EXPECT_EQ(transfer.wrong, 0) << found.back();
      EXPECT_EQ(transfer.timing.seconds.size(), 2U) << found.back();
    }
    EXPECT_THAT(found, ElementsAre("all_reduce 12", "all_reduce 36", "all_reduce 396",              //
                                   "reduce_scatter 12", "reduce_scatter 36", "reduce_scatter 396",  //
                                   "all_gather 12", "all_gather 36", "all_gather 396",              //
                                   "broadcast 12", "broadcast 36", "broadcast 396",                 //
                                   "sendrecv 12", "sendrecv 36", "sendrecv 396", "barrier 0"));
  });
}

TEST(CommWorks, CountWrongElementsOfAllRanks) {
  on_loopback_ranks(2, [](Communicator& world) {
    LosesBroadcasts broken(world);
    for (const auto& transfer :
         measure_transfers({.transport = broken, .agreement = world}, {.min_bytes = 32, .max_bytes = 32})) {
      EXPECT_EQ(transfer.wrong, transfer.operation == "broadcast" ? 8 : 0) << transfer.operation;
    }
  });
}

TEST(CommWorks, GiveTheBandwidthOfTheWire) {
  const MeasuredTransfer transfer{.bytes = 1000, .timing = {{0.5, 0.25, 1.0}}, .bus_factor = 1.5};
  EXPECT_DOUBLE_EQ(transfer.algorithm_bandwidth(), 2000.0);
  EXPECT_DOUBLE_EQ(transfer.bus_bandwidth(), 3000.0);
}

}  // namespace
}  // namespace ballast
