// NcclCommunicator on two ranks, over MPI and an NCCL that does what the test says.
#include "comm/nccl_communicator.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <thread>

#include "tests/comm/rank_inputs.h"
#include "tests/distributed/test_world.h"

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// What NCCL and the device do, and what they were asked to do. The test and the comm thread take turns by waiting.
struct Script {
  std::mutex mutex;
  std::vector<std::string> calls;
  std::atomic<int> polls_until_ready = 0;  // after each call
  std::atomic<bool> stuck = false;         // calls are never taken up
  std::atomic<int> pieces_done = 1000;     // of all that are put into the stream
  std::atomic<bool> broken = false;

  void note(const std::string& call) {
    const std::lock_guard lock(mutex);
    calls.push_back(call);
  }
  std::vector<std::string> noted() {
    const std::lock_guard lock(mutex);
    return std::exchange(calls, {});
  }
};

struct ScriptedMark : StreamMark {
  ScriptedMark(Script& script_in, int number_in) : script(script_in), number(number_in) {}
  bool reached() const override { return number <= script.pieces_done; }
  Script& script;
  int number;
};

class ScriptedHandle : public NcclHandle {
 public:
  ScriptedHandle(Script& script, std::string name) : script_(script), name_(std::move(name)) { called("connect"); }

  bool ready() override {
    if (script_.broken) throw CommunicationError("unhandled cuda error");
    return !script_.stuck && --polls_left_ < 0;
  }
  void all_reduce(Buffer buffer, ReduceOp) override { called(fmt::format("all_reduce {}", buffer.count)); }
  void reduce(ConstBuffer input, Buffer, ReduceOp, int root) override {
    called(fmt::format("reduce {} to {}", input.count, root));
  }
  void reduce_scatter(ConstBuffer, Buffer output, ReduceOp) override {
    called(fmt::format("reduce_scatter {}", output.count));
  }
  void all_gather(ConstBuffer input, Buffer) override { called(fmt::format("all_gather {}", input.count)); }
  void broadcast(ConstBuffer input, Buffer, int root) override {
    called(fmt::format("broadcast {} from {}", input.count, root));
  }
  void send(int to, ConstBuffer buffer) override { called(fmt::format("send {} to {}", buffer.count, to)); }
  void receive(int from, Buffer buffer) override { called(fmt::format("receive {} from {}", buffer.count, from)); }
  std::unique_ptr<NcclHandle> split(bool member, int) override {
    return std::make_unique<ScriptedHandle>(script_, member ? "child" : "nothing");
  }
  void keep(Buffer) override {}
  void abort() override { script_.note(name_ + ": abort"); }

 private:
  void called(const std::string& call) {
    script_.note(name_ + ": " + call);
    polls_left_ = script_.polls_until_ready;
  }

  Script& script_;
  std::string name_;
  int polls_left_ = 0;
};

class ScriptedNccl : public NcclLibrary {
 public:
  explicit ScriptedNccl(Script& script) : script_(script) {}

  std::string unique_id() override { return std::string(128, 'x'); }
  std::unique_ptr<NcclHandle> connect(const std::string& id, int ranks, int index) override {
    script_.note(fmt::format("id {} for {} of {}", id.substr(0, 3), index, ranks));
    return std::make_unique<ScriptedHandle>(script_, "all");
  }
  void begin_group() override { script_.note("("); }
  void end_group() override { script_.note(")"); }
  void copy(ConstBuffer, Buffer to) override { script_.note(fmt::format("copy {}", to.count)); }
  std::shared_ptr<StreamMark> mark_compute() override { return std::make_shared<ScriptedMark>(script_, 0); }
  void wait_for(const StreamMark&) override { script_.note("wait for inputs"); }
  std::shared_ptr<StreamMark> mark() override { return std::make_shared<ScriptedMark>(script_, ++pieces_); }

 private:
  Script& script_;
  int pieces_ = 0;
};

class NcclCommunicatorTest : public testing::Test {
 protected:
  std::unique_ptr<NcclCommunicator> connect(std::chrono::milliseconds timeout = patience) {
    auto& world = dynamic_cast<MpiCommunicator&>(test_world().communicator());
    return NcclCommunicator::connect({.library = std::make_shared<ScriptedNccl>(script_),
                                      .control = world.split_mpi("all", {0, 1}),
                                      .config = {.max_elements_per_call = 1000, .blocking_timeout = timeout}});
  }

  const int rank_ = test_world().rank();
  Script script_;
  std::vector<float> memory_ = std::vector<float>(5000);
};

Buffer floats(std::vector<float>& memory, std::int64_t count) { return {memory.data(), count, DType::float32}; }

TEST_F(NcclCommunicatorTest, ConnectsAllRanksByTheIdOfTheFirst) {
  script_.polls_until_ready = 5;
  const auto comm = connect();
  EXPECT_THAT(script_.noted(), ElementsAre(fmt::format("id xxx for {} of 2", rank_), "all: connect"));
  EXPECT_EQ(comm->group().index, rank_);
}

TEST_F(NcclCommunicatorTest, GivesUpAConnectionThatIsNotMadeInTime) {
  script_.stuck = true;
  try {
    connect(500ms);
    FAIL() << "was connected";
  } catch (const CommunicationError& error) {
    EXPECT_EQ(error.what(), fmt::format("connect on group 'all' (rank {} of 2) timed out after 0.5 s", rank_));
  }
  EXPECT_THAT(script_.noted(), testing::Contains("all: abort"));
  test_world().communicator().barrier().wait(patience);
}

TEST_F(NcclCommunicatorTest, CutsWhatIsLongAndWaitsForTheInputsFirst) {
  const auto comm = connect();
  script_.noted();
  comm->all_reduce(floats(memory_, 2500), ReduceOp::sum).wait(patience);
  EXPECT_THAT(script_.noted(),
              ElementsAre("wait for inputs", "all: all_reduce 1000", "all: all_reduce 1000", "all: all_reduce 500"));
  comm->reduce_scatter(floats(memory_, 1000), floats(memory_, 500), ReduceOp::sum).wait(patience);
  EXPECT_THAT(script_.noted(), ElementsAre("wait for inputs", "all: reduce_scatter 500"));
  comm->reduce_scatter(floats(memory_, 1200), floats(memory_, 600), ReduceOp::sum).wait(patience);
  EXPECT_THAT(script_.noted(), ElementsAre("wait for inputs", "(", "all: reduce 500 to 0", "all: reduce 500 to 1", ")",
                                           "(", "all: reduce 100 to 0", "all: reduce 100 to 1", ")"));
  comm->all_gather(floats(memory_, 600), floats(memory_, 1200)).wait(patience);
  EXPECT_THAT(script_.noted(),
              ElementsAre("wait for inputs", "(", "all: broadcast 500 from 0", "all: broadcast 500 from 1", ")", "(",
                          "all: broadcast 100 from 0", "all: broadcast 100 from 1", ")"));
}

TEST_F(NcclCommunicatorTest, PostsAllMessagesOfAnExchangeAsOneGroup) {
  const auto comm = connect();
  script_.noted();
  const int peer = 1 - rank_;
  comm->exchange({{peer, floats(memory_, 3)}, {rank_, floats(memory_, 4)}},
                 {{rank_, floats(memory_, 4)}, {peer, floats(memory_, 5)}})
      .wait(patience);
  EXPECT_THAT(script_.noted(),
              ElementsAre("wait for inputs", "copy 4", "(", fmt::format("all: receive 5 from {}", peer),
                          fmt::format("all: send 3 to {}", peer), ")"));
}

TEST_F(NcclCommunicatorTest, StartsNothingOfAnyGroupBeforeTheCallBeforeIsTakenUp) {
  const auto comm = connect();
  const auto child = comm->split("child", {1, 0});
  script_.noted();
  script_.stuck = true;
  Work first = comm->all_reduce(floats(memory_, 1), ReduceOp::sum);
  Work second = child->all_reduce(floats(memory_, 2), ReduceOp::sum);
  std::this_thread::sleep_for(50ms);
  EXPECT_THAT(script_.noted(), ElementsAre("wait for inputs", "all: all_reduce 1"));
  script_.stuck = false;
  second.wait(patience);
  first.wait(patience);
  EXPECT_THAT(script_.noted(), ElementsAre("wait for inputs", "child: all_reduce 2"));
}

TEST_F(NcclCommunicatorTest, NamesThePieceAndTheRanksThatHaveNotComeAndEndsTheGroupEverywhere) {
  const auto comm = connect();
  const std::string late =
      "all_reduce on group 'all' (rank 0 of 2) timed out after 0.1 s in piece 2 of 3; missing: rank 1";
  if (rank_ == 0) {
    script_.pieces_done = 1;
    EXPECT_EQ(error_of(comm->all_reduce(floats(memory_, 2500), ReduceOp::sum), 100ms), late);
  }
  test_world().communicator().barrier().wait(patience);
  script_.pieces_done = 0;  // until the abort arrives
  EXPECT_THAT(error_of(comm->all_reduce(floats(memory_, 1), ReduceOp::sum), patience),
              HasSubstr("failed: aborted by rank 0: " + late));
  EXPECT_THAT(script_.noted(), testing::Contains("all: abort"));
}

TEST_F(NcclCommunicatorTest, EndsTheGroupWhenNcclReportsAnError) {
  const auto comm = connect();
  script_.pieces_done = 0;
  Work work = comm->all_reduce(floats(memory_, 1), ReduceOp::sum);
  script_.broken = true;
  EXPECT_EQ(error_of(work, patience),
            fmt::format("all_reduce on group 'all' (rank {} of 2) failed: unhandled cuda error", rank_));
  EXPECT_THAT(error_of(comm->broadcast(floats(memory_, 1), 0), patience), HasSubstr("failed: unhandled cuda error"));
  EXPECT_THAT(script_.noted(), testing::Contains("all: abort"));
}

TEST_F(NcclCommunicatorTest, AnAbortEndsOperationsOfTheGroupAndOfThoseSplitFromIt) {
  const auto comm = connect();
  const auto child = comm->split("child", {0, 1});
  script_.pieces_done = 0;
  Work under_way = child->all_reduce(floats(memory_, 1), ReduceOp::sum);
  test_world().communicator().barrier().wait(patience);
  if (rank_ == 1) comm->abort("disk full");
  EXPECT_THAT(error_of(under_way, patience), HasSubstr("failed: aborted by rank 1: disk full"));
}

TEST(CudaCommunicator, IsRefusedInOneSentenceWhereThereIsNoDevice) {
  try {
    test_world().cuda_communicator({.device = 0, .compute_stream = [] { return nullptr; }});
    GTEST_SKIP() << "this machine has a CUDA device";
  } catch (const CommunicationError& error) {
    EXPECT_THAT(error.what(), testing::AnyOf(HasSubstr("built for CPUs, without NCCL"), HasSubstr("no CUDA device")));
  }
}

}  // namespace
}  // namespace ballast
