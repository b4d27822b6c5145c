#include "comm/comm_thread.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>

namespace ballast {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr auto patience = 10s;

// What happened on the comm thread, in order; read when the thread has stopped.
using Log = std::vector<std::string>;

// Advances as the test lets it.
class FakeOperation : public Operation {
 public:
  FakeOperation(std::string name, const void* sequence, Log& log)
      : Operation(name, sequence), name_(std::move(name)), log_(log) {}

  bool advance() override {
    if (!started_) log_.push_back("start " + name_);
    started_ = true;
    if (may_throw) throw CommunicationError("the wire broke");
    if (may_finish) finish();
    return may_finish;
  }
  bool posted() const override { return may_post || may_finish; }

  std::atomic<bool> may_post = false;
  std::atomic<bool> may_finish = false;
  std::atomic<bool> may_throw = false;

 private:
  std::string name_;
  Log& log_;
  bool started_ = false;
};

class FakeListener : public Listener {
 public:
  explicit FakeListener(Log& log) : log_(log) {}
  void poll() override {}
  void close() override { log_.push_back("close listener"); }

 private:
  Log& log_;
};

// Every round with it is slow, as on a busy machine.
class SlowListener : public Listener {
 public:
  void poll() override {
    ++polls;
    std::this_thread::sleep_for(200us);
  }
  void close() override {}

  std::atomic<int> polls = 0;
};

struct Sequences {
  int first = 0;
  int second = 0;
};

std::string error_of(Operation& operation) {
  try {
    operation.wait(patience);
    return "";
  } catch (const CommunicationError& error) {
    return error.what();
  }
}

class CommThreadTest : public testing::Test {
 protected:
  std::shared_ptr<FakeOperation> submit(const std::string& name, const void* sequence) {
    auto operation = std::make_shared<FakeOperation>(name, sequence, log_);
    thread_.submit(operation);
    return operation;
  }

  Sequences sequences_;
  Log log_;
  CommThread thread_;
};

TEST_F(CommThreadTest, StartsAnOperationWhenThoseBeforeItInItsSequenceArePosted) {
  const auto a = submit("a", &sequences_.first);
  const auto b = submit("b", &sequences_.first);
  const auto other = submit("other", &sequences_.second);
  other->may_finish = true;
  EXPECT_EQ(error_of(*other), "") << "does not wait for the other sequence";
  a->may_post = true;
  b->may_finish = true;
  EXPECT_EQ(error_of(*b), "") << "overtakes a, which is posted";
  a->may_finish = true;
  EXPECT_EQ(error_of(*a), "");
  thread_.stop();
  EXPECT_THAT(log_, ElementsAre("start a", "start other", "start b"));
}

TEST_F(CommThreadTest, TurnsWhatAnOperationThrowsIntoItsFailure) {
  const auto a = submit("a", &sequences_.first);
  a->may_throw = true;
  EXPECT_EQ(error_of(*a), "a failed: the wire broke");
}

TEST_F(CommThreadTest, EndsOneSequenceForGood) {
  const auto a = submit("a", &sequences_.first);
  const auto other = submit("other", &sequences_.second);
  thread_.run([&] { thread_.end(&sequences_.first, "aborted"); });
  EXPECT_EQ(error_of(*a), "a failed: aborted");
  EXPECT_EQ(error_of(*submit("late", &sequences_.first)), "late failed: aborted");
  other->may_finish = true;
  EXPECT_EQ(error_of(*other), "");
}

TEST_F(CommThreadTest, StopsInOrderAndFailsWhatIsUnderWay) {
  thread_.run([&] { thread_.add_listener(std::make_shared<FakeListener>(log_)); });
  const auto a = submit("a", &sequences_.first);
  thread_.run([] {});
  thread_.stop([&] { log_.push_back("finalise"); });
  EXPECT_EQ(error_of(*a), "a failed: the comm thread has stopped");
  EXPECT_THAT(log_, testing::IsSupersetOf({"close listener", "finalise"}));
  EXPECT_EQ(log_.back(), "finalise");
}

TEST_F(CommThreadTest, RefusesEverythingAfterTheStop) {
  thread_.stop();
  EXPECT_EQ(error_of(*submit("a", &sequences_.first)), "a failed: the comm thread has stopped");
  EXPECT_THROW(thread_.run([] {}), CommunicationError);
  thread_.stop([] { FAIL() << "a second stop does nothing"; });
}

TEST_F(CommThreadTest, GlancesAFewTimesASecondWhenNothingIsUnderWayHoweverSlowItsRoundsWere) {
  const auto listener = std::make_shared<SlowListener>();
  thread_.run([&] { thread_.add_listener(listener); });
  std::this_thread::sleep_for(500ms);  // ten times as long as it lingers
  const int polls = listener->polls;
  EXPECT_GT(polls, 0) << "it lingers";
  std::this_thread::sleep_for(1s);
  EXPECT_GE(listener->polls, polls + 1) << "it hears of aborts";
  EXPECT_LE(listener->polls, polls + 10);
}

TEST_F(CommThreadTest, RethrowsWhatAJobThrows) {
  EXPECT_THROW(thread_.run([] { throw std::out_of_range("job"); }), std::out_of_range);
}

}  // namespace
}  // namespace ballast
