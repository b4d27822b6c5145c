#include "workers/device_choice.h"

#include <fmt/format.h>

#include <algorithm>

#include "workers/user_error.h"

namespace ballast {

bool use_cuda(DeviceChoice choice, const std::vector<std::string>& obstacles, const std::vector<std::string>& hosts) {
  if (choice == DeviceChoice::Cpu) return false;
  const auto first = std::ranges::find_if(obstacles, [](const auto& why) { return !why.empty(); });
  if (first == obstacles.end()) return true;
  if (choice == DeviceChoice::Auto) return false;
  const auto rank = first - obstacles.begin();
  throw UserError(
      fmt::format("device: found cuda; rank {} ({}): {}; allowed here: cpu or auto", rank, hosts.at(rank), *first));
}

int local_rank(int rank, const std::vector<std::string>& hosts) {
  return static_cast<int>(std::count(hosts.begin(), hosts.begin() + rank, hosts.at(rank)));
}

}  // namespace ballast
