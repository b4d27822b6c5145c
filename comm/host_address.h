// The IPv4 addresses of a host, and which of another host's addresses lead to it.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ballast {

struct HostAddress {
  std::string interface;
  std::string ip;   // dotted
  int prefix = 32;  // leading bits that its subnet shares

  bool operator==(const HostAddress&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(HostAddress, interface, ip, prefix)

// Of the interfaces that are up, loopback first. Throws std::system_error.
std::vector<HostAddress> host_addresses();

bool is_loopback(const HostAddress& address);

// 'eth0 192.0.2.1/24, eth1 198.51.100.1/24'
std::string describe(const std::vector<HostAddress>& addresses);

// Those of one interface or with one address, as `wanted` says; all when it says nothing.
std::vector<HostAddress> matching(const std::vector<HostAddress>& addresses, const std::string& wanted);

// Which of a peer's addresses to try, in this order, from a host with the addresses `own`: first those in a subnet of
// an own interface, then the others, to which there may be a route. Loopback leads to oneself, and so does an address
// that both hosts have (a bridge for containers often has the same on every machine): they are left out.
std::vector<HostAddress> addresses_to_try(const std::vector<HostAddress>& peers, const std::vector<HostAddress>& own);

}  // namespace ballast
