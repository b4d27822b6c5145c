#include "comm/world.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/distributed/test_world.h"

namespace ballast {
namespace {

// Differs in length from rank to rank; holds bytes that are no text.
std::string greeting(int rank) { return std::string(rank * 13, '\xFF') + '\0' + std::to_string(rank); }

TEST(World, GathersBytesOfEveryRank) {
  World& world = test_world();
  const std::vector<std::string> greetings = world.all_gather(greeting(world.rank()));
  ASSERT_EQ(greetings.size(), static_cast<std::size_t>(world.size()));
  for (int rank = 0; rank < world.size(); ++rank) EXPECT_EQ(greetings[rank], greeting(rank));
}

TEST(World, GathersNothingFromRanksThatHaveNothing) {
  World& world = test_world();
  EXPECT_THAT(world.all_gather(""), testing::Each(""));
}

TEST(World, BroadcastsBytesFromAnyRank) {
  World& world = test_world();
  for (int root = 0; root < world.size(); ++root) {
    EXPECT_EQ(world.broadcast(greeting(world.rank()), root), greeting(root));
  }
  EXPECT_EQ(world.broadcast(world.rank() == 0 ? "" : "ignored", 0), "");
}

TEST(World, KnowsTheHostOfEveryRank) {
  World& world = test_world();
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  EXPECT_EQ(world.host(), name.data());
  EXPECT_EQ(world.hosts().size(), static_cast<std::size_t>(world.size()));
  EXPECT_EQ(world.hosts().at(world.rank()), world.host());
}

TEST(World, NamesItsGroup) {
  EXPECT_EQ(test_world().communicator().group().name, "world");
  EXPECT_EQ(test_world().communicator().group().size(), test_world().size());
  EXPECT_EQ(test_world().communicator().group().world_rank(), test_world().rank());
}

}  // namespace
}  // namespace ballast
