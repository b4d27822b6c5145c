#include <fmt/format.h>

#include "launch/memory_plan.h"
#include "launch/plan/plan_report.h"

namespace ballast {
namespace {

double mib(std::int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

std::string memory_line(std::string_view ranks, std::string_view name, std::string_view elements,
                        const MemoryBytes& bytes) {
  auto text = fmt::format("{:<12}{:<14}{:>14}", ranks, name, elements);
  for (const auto& [of, label] : memory_class_names) text += fmt::format("{:>12.1f}", mib(bytes[of]));
  return text + fmt::format("{:>12.1f}\n", mib(bytes.total()));
}

bool alike(const RankMemory& a, const RankMemory& b) {
  const auto same_role = [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.bytes == y.second.bytes;
  };
  return a.bytes == b.bytes && std::ranges::equal(a.roles, b.roles, same_role);
}

}  // namespace

std::vector<RankClass> rank_classes(const std::map<int, RankMemory>& plan) {
  std::vector<RankClass> classes;
  for (const auto& [rank, memory] : plan) {
    const auto known = std::ranges::find_if(classes, [&](const auto& c) { return alike(c.memory, memory); });
    if (known == classes.end())
      classes.push_back({{rank}, memory});
    else
      known->ranks.push_back(rank);
  }
  return classes;
}

std::string describe(const std::map<int, RankMemory>& plan) {
  auto text = fmt::format("{:<12}{:<14}{:>14}", "ranks", "MiB", "elements");
  for (const auto& [of, label] : memory_class_names) text += fmt::format("{:>12}", label);
  text += fmt::format("{:>12}\n", "in all");
  for (const auto& [ranks, memory] : rank_classes(plan)) {
    const auto name = describe_ranks(ranks);
    for (const auto& [role, of_role] : memory.roles)
      text += memory_line(name, to_string(role), fmt::format("{}", of_role.elements), of_role.bytes);
    text += memory_line(name, "in all", "", memory.bytes);
  }
  return text + "without libraries and network buffers; activations: the most at one time\n";
}

}  // namespace ballast
