#include "workers/traffic.h"

#include <gmock/gmock.h>

#include "tests/comm/loopback_ranks.h"

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr auto timeout = std::chrono::seconds(20);

// Two replicas of two shards: each rank reduces 8 bytes with its replica and with its fellow shard.
TEST(Traffic, NamesWhatACommandMovedByTheGroupAndTheCommand) {
  on_loopback_ranks(4, [](Communicator& world) {
    const int me = world.group().index;
    std::map<Role, RoleGroups> groups;
    for (const auto& [name, ranks] : {std::pair("left", std::vector{0, 1}), std::pair("right", std::vector{2, 3})}) {
      if (auto joined = world.split(name, ranks)) groups[Role::Actor].shards = std::move(joined);
    }
    for (const auto& [name, ranks] : {std::pair("first", std::vector{0, 2}), std::pair("second", std::vector{1, 3})}) {
      if (auto joined = world.split(name, ranks)) groups[Role::Actor].replicas = std::move(joined);
    }
    Traffic traffic(world, std::move(groups));
    std::vector<float> values(4, 1.0F);
    const Buffer half{values.data(), 2, DType::float32};
    const Buffer whole{values.data(), 4, DType::float32};
    std::vector<float> arrived(2);
    const Buffer other{arrived.data(), 2, DType::float32};
    const auto reduce = [&](Communicator* group) { group->all_reduce(half, ReduceOp::sum).wait(timeout); };

    EXPECT_THAT(traffic.take({.body = Free{}}), IsEmpty());
    reduce(traffic.shards(Role::Actor));
    EXPECT_THAT(traffic.take({.body = Generate{}}), ElementsAre(Pair("generation", 8)));
    reduce(traffic.shards(Role::Actor));
    reduce(traffic.replicas(Role::Actor));
    traffic.replicas(Role::Actor)->all_gather(half, whole).wait(timeout);
    EXPECT_THAT(traffic.take({.body = Learn{}}),
                ElementsAre(Pair("gradients", 8), Pair("parameters", 8), Pair("tensor_parallel", 8)));
    reduce(traffic.shards(Role::Actor));
    EXPECT_THAT(traffic.take({.body = Save{}}), ElementsAre(Pair("saving", 8)));
    traffic.world().exchange({{me ^ 1, half}}, {{me ^ 1, other}}).wait(timeout);
    EXPECT_THAT(traffic.take({.body = Transfer{}}), ElementsAre(Pair("transfer", 8)));
  });
}

TEST(Traffic, HasNoGroupsForARankThatIsAlone) {
  LoopbackWorld world(1);
  const auto alone = world.communicator(0);
  Traffic traffic(*alone, {});
  EXPECT_EQ(traffic.replicas(Role::Actor), nullptr);
  EXPECT_EQ(traffic.shards(Role::Cost), nullptr);
}

}  // namespace
}  // namespace ballast
