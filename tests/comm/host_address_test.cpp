#include "comm/host_address.h"

#include <gmock/gmock.h>

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const HostAddress loopback{"lo", "127.0.0.1", 8};

std::vector<std::string> ips(const std::vector<HostAddress>& addresses) {
  std::vector<std::string> ips;
  for (const auto& address : addresses) ips.push_back(address.ip);
  return ips;
}

TEST(HostAddress, ThisHostHasLoopbackAndItComesFirst) {
  const auto addresses = host_addresses();
  ASSERT_FALSE(addresses.empty());
  EXPECT_TRUE(is_loopback(addresses.front()));
  EXPECT_EQ(addresses.front().prefix, 8);
}

TEST(HostAddress, AnAddressInASubnetOfOnesOwnIsTriedBeforeTheFirstOneFound) {
  const std::vector<HostAddress> peers{loopback, {"aaa0", "198.51.100.1", 24}, {"eth0", "192.0.2.1", 24}};
  EXPECT_THAT(ips(addresses_to_try(peers, {loopback, {"eth0", "192.0.2.2", 24}})),
              ElementsAre("192.0.2.1", "198.51.100.1"));
}

TEST(HostAddress, WithoutASharedSubnetAllAreTriedInTheirOrder) {
  const std::vector<HostAddress> peers{{"eth1", "198.51.100.1", 24}, {"eth0", "192.0.2.1", 24}};
  EXPECT_THAT(ips(addresses_to_try(peers, {loopback, {"eth0", "203.0.113.9", 24}})),
              ElementsAre("198.51.100.1", "192.0.2.1"));
}

TEST(HostAddress, AnAddressThatBothHostsHaveLeadsToOneself) {
  const HostAddress bridge{"docker0", "172.17.0.1", 16};
  EXPECT_THAT(ips(addresses_to_try({loopback, bridge, {"eth0", "192.0.2.1", 24}}, {loopback, bridge})),
              ElementsAre("192.0.2.1"));
  EXPECT_THAT(addresses_to_try({loopback, bridge}, {loopback, bridge}), IsEmpty());
}

TEST(HostAddress, TheSubnetIsWhatTheOwnMaskSays) {
  const std::vector<HostAddress> peers{{"eth0", "10.1.0.1", 16}, {"eth1", "10.2.0.1", 16}};
  EXPECT_THAT(ips(addresses_to_try(peers, {{"eth0", "10.2.0.7", 16}})), ElementsAre("10.2.0.1", "10.1.0.1"));
  EXPECT_THAT(ips(addresses_to_try(peers, {{"eth0", "10.2.0.7", 8}})), ElementsAre("10.1.0.1", "10.2.0.1"));
  EXPECT_THAT(ips(addresses_to_try(peers, {{"tun0", "10.2.0.1", 32}})), ElementsAre("10.1.0.1"));
  EXPECT_THAT(ips(addresses_to_try(peers, {{"any0", "203.0.113.9", 0}})), ElementsAre("10.1.0.1", "10.2.0.1"));
}

TEST(HostAddress, AnInterfaceOrAnAddressNamesWhatMatches) {
  const std::vector<HostAddress> addresses{
      {"eth0", "192.0.2.1", 24}, {"eth0", "192.0.2.5", 24}, {"ib0", "10.0.0.1", 8}};
  EXPECT_THAT(ips(matching(addresses, "eth0")), ElementsAre("192.0.2.1", "192.0.2.5"));
  EXPECT_THAT(ips(matching(addresses, "10.0.0.1")), ElementsAre("10.0.0.1"));
  EXPECT_THAT(matching(addresses, "eth"), IsEmpty());
  EXPECT_EQ(matching(addresses, "").size(), 3U);
}

TEST(HostAddress, TravelsAsText) {
  const std::vector<HostAddress> addresses{loopback, {"eth0", "192.0.2.1", 24}};
  EXPECT_EQ(nlohmann::json::parse(nlohmann::json(addresses).dump()).get<std::vector<HostAddress>>(), addresses);
  EXPECT_EQ(describe(addresses), "lo 127.0.0.1/8, eth0 192.0.2.1/24");
}

}  // namespace
}  // namespace ballast
