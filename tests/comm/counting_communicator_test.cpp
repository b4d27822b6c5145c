#include "comm/counting_communicator.h"

#include <array>

#include "tests/comm/loopback_ranks.h"

namespace ballast {
namespace {

constexpr auto timeout = std::chrono::seconds(20);
constexpr int ranks = 4;

Buffer floats(std::vector<float>& values) {
  return {values.data(), static_cast<std::int64_t>(values.size()), DType::float32};
}

TEST(CountingCommunicator, CountsWhatARankSendsAtLeast) {
  on_loopback_ranks(ranks, [](Communicator& inner) {
    MovedBytes moved;
    CountingCommunicator communicator(inner, moved);
    std::vector<float> part(2, 1.0F);
    std::vector<float> whole(2 * ranks, 1.0F);  // 32 bytes

    communicator.all_reduce(floats(whole), ReduceOp::sum).wait(timeout);
    EXPECT_EQ(moved.reduced, 2 * 24);
    EXPECT_EQ(whole.front(), 4.0F) << "the operation itself is left as it is";
    communicator.reduce_scatter(floats(whole), floats(part), ReduceOp::sum).wait(timeout);
    EXPECT_EQ(moved.reduced, 2 * 24 + 24);
    communicator.all_gather(floats(part), floats(whole)).wait(timeout);
    EXPECT_EQ(moved.gathered, 24);
    communicator.broadcast(floats(part), 2).wait(timeout);
    EXPECT_EQ(moved.gathered, communicator.group().index == 2 ? 24 + 24 : 24);
    communicator.barrier().wait(timeout);
    EXPECT_EQ(moved.total(), moved.reduced + moved.gathered);
  });
}

TEST(CountingCommunicator, CountsCopiesWhereTheyLeaveButNotThoseToOneself) {
  on_loopback_ranks(2, [](Communicator& inner) {
    MovedBytes moved;
    CountingCommunicator communicator(inner, moved);
    std::array<std::int64_t, 3> sent{1, 2, 3};
    std::array<std::int64_t, 3> received{};
    const ConstBuffer out(sent.data(), 3, DType::int64);
    const Buffer in{received.data(), 3, DType::int64};
    if (communicator.group().index == 0) {
      communicator.exchange({{0, out}, {1, out}}, {{0, in}}).wait(timeout);
      EXPECT_EQ(moved.copied, 24);
    } else {
      communicator.exchange({}, {{0, in}}).wait(timeout);
      EXPECT_EQ(moved.copied, 0);
    }
    EXPECT_EQ(received.back(), 3);
  });
}

}  // namespace
}  // namespace ballast
