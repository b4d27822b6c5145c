#include "comm/arrivals.h"

#include <gmock/gmock.h>

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const ConstBuffer nothing{nullptr, 0, DType::float32};
const Buffer nowhere{nullptr, 0, DType::float32};

RankGroup seen_by(int index) { return {.name = "all", .ranks = {0, 1, 2}, .index = index}; }

TEST(Arrivals, KnowNothingOfARankThatDoesNotAnswer) {
  Arrivals mine;
  const auto needed = mine.enter_collective(seen_by(0));
  EXPECT_THAT(not_arrived(needed, {}), ElementsAre(1, 2));
}

TEST(Arrivals, NameTheRanksThatHaveEnteredFewerCollectives) {
  std::array<Arrivals, 3> ranks;
  for (int rank = 0; rank < 3; ++rank) ranks[rank].enter_collective(seen_by(rank));
  ranks[2].enter_collective(seen_by(2));
  const auto needed = ranks[0].enter_collective(seen_by(0));
  ranks[0].enter_collective(seen_by(0));  // what follows is not asked for
  EXPECT_THAT(not_arrived(needed, {{1, ranks[1].tally(0)}, {2, ranks[2].tally(0)}}), ElementsAre(1));
  ranks[1].enter_collective(seen_by(1));
  EXPECT_THAT(not_arrived(needed, {{1, ranks[1].tally(0)}, {2, ranks[2].tally(0)}}), IsEmpty());
}

TEST(Arrivals, CountMessagesBetweenTwoRanksHoweverTheyAreGrouped) {
  Arrivals sender;
  Arrivals receiver;
  sender.enter_exchange(seen_by(0), {{1, nothing}}, {});
  const auto needed = sender.enter_exchange(seen_by(0), {{1, nothing}, {0, nothing}}, {{0, nowhere}});
  EXPECT_EQ(needed.size(), 1) << "a message to oneself waits for nobody";
  receiver.enter_exchange(seen_by(1), {}, {{0, nowhere}});
  EXPECT_THAT(not_arrived(needed, {{1, receiver.tally(0)}}), ElementsAre(1));
  receiver.enter_exchange(seen_by(1), {}, {{0, nowhere}});
  EXPECT_THAT(not_arrived(needed, {{1, receiver.tally(0)}}), IsEmpty());
  EXPECT_THAT(not_arrived(needed, {{1, receiver.tally(2)}}), ElementsAre(1)) << "those were not from rank 2";
}

TEST(Arrivals, AskOfASenderThatItHasSent) {
  Arrivals sender;
  Arrivals receiver;
  const auto needed = receiver.enter_exchange(seen_by(1), {}, {{0, nowhere}});
  EXPECT_THAT(not_arrived(needed, {{0, sender.tally(1)}}), ElementsAre(0));
  sender.enter_exchange(seen_by(0), {{1, nothing}}, {});
  EXPECT_THAT(not_arrived(needed, {{0, sender.tally(1)}}), IsEmpty());
}

}  // namespace
}  // namespace ballast
