#include "comm/piecewise_operation.h"

#include <gmock/gmock.h>

#include <memory>

namespace ballast {
namespace {

using namespace std::chrono_literals;

std::vector<std::pair<std::int64_t, int>> cuts(std::int64_t count) {
  std::vector<std::pair<std::int64_t, int>> result;
  for (const Slice slice : cut(count, 1000)) result.emplace_back(slice.begin, slice.count);
  return result;
}

TEST(Cut, CoversEveryElementOnce) {
  using Cuts = std::vector<std::pair<std::int64_t, int>>;
  EXPECT_EQ(cuts(0), (Cuts{{0, 0}}));
  EXPECT_EQ(cuts(999), (Cuts{{0, 999}}));
  EXPECT_EQ(cuts(1000), (Cuts{{0, 1000}}));
  EXPECT_EQ(cuts(1001), (Cuts{{0, 1000}, {1000, 1}}));
  EXPECT_EQ(cuts(2500), (Cuts{{0, 1000}, {1000, 1000}, {2000, 500}}));
}

TEST(Part, PointsIntoTheBuffer) {
  std::vector<std::int64_t> values(10);
  const Buffer part_of_values = part(Buffer{values.data(), 10, DType::int64}, {3, 4});
  EXPECT_EQ(part_of_values.data, &values[3]);
  EXPECT_EQ(part_of_values.count, 4);
}

// Five calls that complete when the test says so.
class Calls {
 public:
  Piece piece(int i, int peer = -1) {
    return {.post = [this, i]() -> Piece::Test {
              ++posted;
              return [this, i] { return complete[i]; };
            },
            .peer = peer};
  }

  int posted = 0;
  std::array<bool, 5> complete{};
};

TEST(PiecewiseOperation, KeepsAtMostItsWindowInFlight) {
  Calls calls;
  PiecewisePlan plan{.pieces = {}, .window = 2};
  for (int i = 0; i < 5; ++i) plan.pieces.push_back(calls.piece(i));
  PiecewiseOperation operation("op", nullptr, std::move(plan));
  EXPECT_TRUE(operation.advance());
  EXPECT_EQ(calls.posted, 2);
  EXPECT_FALSE(operation.advance()) << "nothing moves";
  calls.complete[1] = true;
  EXPECT_TRUE(operation.advance());
  EXPECT_EQ(calls.posted, 3);
  EXPECT_FALSE(operation.posted());
  calls.complete.fill(true);
  while (!operation.done()) ASSERT_TRUE(operation.advance());
  EXPECT_EQ(calls.posted, 5);
}

TEST(PiecewiseOperation, RunsItsLastStepOnceAllPiecesHaveCompleted) {
  Calls calls;
  int ended = 0;
  PiecewiseOperation operation("op", nullptr, {.pieces = {calls.piece(0)}, .last = [&] { ++ended; }});
  operation.advance();
  EXPECT_EQ(ended, 0);
  EXPECT_FALSE(operation.posted()) << "its successor must wait for the last step";
  calls.complete[0] = true;
  operation.advance();
  EXPECT_EQ(ended, 1);
  EXPECT_TRUE(operation.posted());
  EXPECT_TRUE(operation.done());
}

TEST(PiecewiseOperation, NamesThePeersWhosePiecesHaveNotCompleted) {
  Calls calls;
  PiecewiseOperation operation("exchange", nullptr,
                               {.pieces = {calls.piece(0, 7), calls.piece(1, 3), calls.piece(2, 7)}, .window = 5});
  const auto message = [&]() -> std::string {
    try {
      operation.wait(0ms);
    } catch (const CommunicationError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message(), "exchange timed out after 0 s; missing: ranks 3, 7");
  operation.advance();
  calls.complete = {true, true, false};
  operation.advance();
  EXPECT_EQ(message(), "exchange timed out after 0 s; missing: rank 7");
  calls.complete[2] = true;
  operation.advance();
  EXPECT_EQ(message(), "");
}

TEST(PiecewiseOperation, FreesWhatAPieceHoldsWhenItHasCompleted) {
  auto staged = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = staged;
  bool complete = false;
  Piece piece{.post = [staged, &complete]() -> Piece::Test { return [staged, &complete] { return complete; }; }};
  PiecewisePlan plan;
  plan.pieces.push_back(std::move(piece));
  staged.reset();
  PiecewiseOperation operation("op", nullptr, std::move(plan));
  operation.advance();
  EXPECT_FALSE(watch.expired());
  complete = true;
  operation.advance();
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace ballast
