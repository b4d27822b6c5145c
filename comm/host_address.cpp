#include "comm/host_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <memory>
#include <system_error>

namespace ballast {
namespace {

constexpr int address_bits = 32;

// In host byte order; 0 for what is no address.
std::uint32_t number_of(const std::string& ip) {
  in_addr parsed{};
  return inet_pton(AF_INET, ip.c_str(), &parsed) == 1 ? ntohl(parsed.s_addr) : 0;
}

in_addr ipv4_of(const sockaddr* address) { return reinterpret_cast<const sockaddr_in*>(address)->sin_addr; }

HostAddress host_address(const ifaddrs& entry) {
  const in_addr ip = ipv4_of(entry.ifa_addr);
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &ip, text.data(), text.size());
  return {.interface = entry.ifa_name, .ip = text.data(), .prefix = std::popcount(ipv4_of(entry.ifa_netmask).s_addr)};
}

bool in_subnet_of(const HostAddress& address, const HostAddress& own) {
  const int host_bits = address_bits - own.prefix;
  const std::uint64_t difference = number_of(address.ip) ^ number_of(own.ip);
  return difference >> host_bits == 0;
}

}  // namespace

std::vector<HostAddress> host_addresses() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) throw std::system_error(errno, std::generic_category(), "getifaddrs");
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
  std::vector<HostAddress> addresses;
  for (const auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
    const bool up = (entry->ifa_flags & IFF_UP) != 0;
    if (up && entry->ifa_addr != nullptr && entry->ifa_addr->sa_family == AF_INET)
      addresses.push_back(host_address(*entry));
  }
  std::ranges::stable_partition(addresses, is_loopback);
  return addresses;
}

bool is_loopback(const HostAddress& address) { return number_of(address.ip) >> 24 == IN_LOOPBACKNET; }

std::string describe(const std::vector<HostAddress>& addresses) {
  std::vector<std::string> words;
  for (const auto& [interface, ip, prefix] : addresses) words.push_back(fmt::format("{} {}/{}", interface, ip, prefix));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::vector<HostAddress> matching(const std::vector<HostAddress>& addresses, const std::string& wanted) {
  std::vector<HostAddress> chosen;
  std::ranges::copy_if(addresses, std::back_inserter(chosen), [&](const HostAddress& address) {
    return wanted.empty() || address.interface == wanted || address.ip == wanted;
  });
  return chosen;
}

std::vector<HostAddress> addresses_to_try(const std::vector<HostAddress>& peers, const std::vector<HostAddress>& own) {
  std::vector<HostAddress> order;
  std::ranges::copy_if(peers, std::back_inserter(order), [&](const HostAddress& address) {
    return !is_loopback(address) && std::ranges::count(own, address.ip, &HostAddress::ip) == 0;
  });
  std::ranges::stable_partition(order, [&](const HostAddress& address) {
    return std::ranges::any_of(own, [&](const HostAddress& mine) { return in_subnet_of(address, mine); });
  });
  return order;
}

}  // namespace ballast
