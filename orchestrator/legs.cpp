#include "orchestrator/legs.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace ballast {

std::vector<Leg> derive_legs(const std::vector<Delivery>& deliveries, const std::vector<std::string>& hosts) {
  std::vector<Leg> legs;
  std::set<std::pair<Field, int>> delivered;  // to whom
  std::map<int, int> sent;                    // by rank
  for (const auto& [fields, holders, receivers] : deliveries) {
    for (const int receiver : receivers) {
      if (std::ranges::find(holders, receiver) != holders.end()) continue;
      std::vector<Field> missing;
      std::ranges::copy_if(fields, std::back_inserter(missing),
                           [&](Field field) { return delivered.emplace(field, receiver).second; });
      if (missing.empty()) continue;
      const int sender = std::ranges::min(
          holders, {}, [&](int holder) { return std::pair(sent[holder], hosts.at(holder) != hosts.at(receiver)); });
      ++sent[sender];
      for (const Field field : missing) legs.push_back({field, sender, receiver});
    }
  }
  std::ranges::sort(legs);
  return legs;
}

}  // namespace ballast
