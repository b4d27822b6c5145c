#include "orchestrator/legs.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/orchestrator/random_layouts.h"

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int draws = 2000;
const std::vector<std::string> one_host(64, "host");

bool contains(const std::vector<int>& ranks, int rank) { return std::ranges::find(ranks, rank) != ranks.end(); }

// What is wrong with the legs of deliveries by the same holders; empty: nothing.
std::string fault_of(const std::vector<Leg>& legs, const std::vector<Delivery>& deliveries) {
  std::map<std::pair<Field, int>, int> arrivals;  // by field and receiver
  std::map<int, std::set<int>> receivers_of;      // by sender
  std::set<int> missing;                          // ranks that need something
  for (const auto& [field, from, to] : legs) {
    if (from == to) return "a rank sends to itself";
    if (!contains(deliveries.front().holders, from)) return "the sender does not hold the field";
    ++arrivals[{field, to}];
    receivers_of[from].insert(to);
  }
  for (const auto& [fields, holders, receivers] : deliveries) {
    for (const int receiver : receivers) {
      const bool has_it = contains(holders, receiver);
      if (!has_it) missing.insert(receiver);
      for (const Field field : fields) {
        const int times = arrivals.contains({field, receiver}) ? arrivals.at({field, receiver}) : 0;
        if (times != (has_it ? 0 : 1)) return "a field arrives " + std::to_string(times) + " times";
        arrivals[{field, receiver}] = has_it ? 0 : 1;
      }
    }
  }
  const auto holders = deliveries.front().holders.size();
  for (const auto& [sender, receivers] : receivers_of) {
    if (receivers.size() > (missing.size() + holders - 1) / holders) return "one sender is a funnel";
  }
  return "";
}

RandomLayouts random_layouts(std::uint64_t seed) { return {seed, 1, 12}; }

// One micro-batch from a role to up to three others that all need the same fields.
std::vector<Delivery> random_deliveries(RandomLayouts& random) {
  const auto micro_batch = random.pick(20);
  const auto random_replica = [&] {
    const auto layout = random.layout();
    return layout.replica(micro_batch % layout.replicas());
  };
  const auto holders = random_replica();
  const int roles = 1 + random.pick(3);
  std::vector<Delivery> result;
  for (int to = 0; to < roles; ++to) result.push_back({{Field::Tokens, Field::Lengths}, holders, random_replica()});
  return result;
}

TEST(Legs, BringEveryShardItsFieldsOnceFromAHolderAndShareTheWorkForRandomLayouts) {
  for (int seed = 0; seed < draws; ++seed) {
    auto random = random_layouts(seed);
    const auto deliveries = random_deliveries(random);
    ASSERT_EQ(fault_of(derive_legs(deliveries, random.hosts()), deliveries), "") << "seed " << seed;
  }
}

// The judge above must be able to say no.
TEST(Legs, MutantsAreFound) {
  int mutants = 0;
  for (int seed = 0; seed < draws; ++seed) {
    auto random = random_layouts(seed);
    const auto deliveries = random_deliveries(random);
    const auto legs = derive_legs(deliveries, random.hosts());
    if (legs.empty()) continue;
    ++mutants;
    const auto chosen = random.pick(static_cast<int>(legs.size()));
    const auto& holders = deliveries.front().holders;

    auto lost = legs;
    lost.erase(lost.begin() + chosen);
    ASSERT_THAT(fault_of(lost, deliveries), HasSubstr("arrives 0 times")) << "seed " << seed;

    auto doubled = legs;
    doubled.push_back(legs[chosen]);
    ASSERT_THAT(fault_of(doubled, deliveries), HasSubstr("arrives 2 times")) << "seed " << seed;

    auto from_nowhere = legs;
    from_nowhere[chosen].from = 63;
    ASSERT_THAT(fault_of(from_nowhere, deliveries), HasSubstr("does not hold")) << "seed " << seed;

    auto to_itself = legs;
    to_itself[chosen].to = to_itself[chosen].from;
    ASSERT_THAT(fault_of(to_itself, deliveries), HasSubstr("to itself")) << "seed " << seed;

    auto funnel = legs;
    for (auto& leg : funnel) leg.from = holders.front();
    if (std::ranges::any_of(legs, [&](const Leg& leg) { return leg.from != legs.front().from; })) {
      ASSERT_THAT(fault_of(funnel, deliveries), HasSubstr("funnel")) << "seed " << seed;
    }
  }
  EXPECT_GT(mutants, draws / 2);
}

TEST(Legs, GoSideBySideBetweenAsManyShards) {
  const auto legs = derive_legs({{{Field::Reward}, {0, 1, 2, 3}, {4, 5, 6, 7}}}, one_host);
  EXPECT_THAT(legs, ElementsAre(Leg{Field::Reward, 0, 4}, Leg{Field::Reward, 1, 5}, Leg{Field::Reward, 2, 6},
                                Leg{Field::Reward, 3, 7}));
}

TEST(Legs, ComeFromTheFirstShardsWhereFewerAreNeeded) {
  const auto legs = derive_legs({{{Field::Reward}, {0, 1, 2, 3}, {4, 5}}}, one_host);
  EXPECT_THAT(legs, ElementsAre(Leg{Field::Reward, 0, 4}, Leg{Field::Reward, 1, 5}));
}

TEST(Legs, ToSeveralRolesAreSharedByTheShardsOfTheirSource) {
  const auto legs = derive_legs(
      {{{Field::Tokens}, {0, 1}, {2}}, {{Field::Tokens}, {0, 1}, {3}}, {{Field::Tokens}, {0, 1}, {2}}}, one_host);
  EXPECT_THAT(legs, ElementsAre(Leg{Field::Tokens, 0, 2}, Leg{Field::Tokens, 1, 3}));
}

TEST(Legs, AreNoneWhereEveryReceiverHoldsTheField) {
  EXPECT_THAT(derive_legs({{{Field::Tokens}, {0, 1}, {1, 0}}}, one_host), IsEmpty());
}

TEST(Legs, StayOnOneHostWhereTheWorkIsSharedAllTheSame) {
  const std::vector<std::string> hosts{"a", "b", "b", "a"};
  const auto legs = derive_legs({{{Field::Tokens}, {0, 1}, {2, 3}}}, hosts);
  EXPECT_THAT(legs, ElementsAre(Leg{Field::Tokens, 0, 3}, Leg{Field::Tokens, 1, 2}));
}

}  // namespace
}  // namespace ballast
