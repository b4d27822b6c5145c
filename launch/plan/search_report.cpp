#include "launch/plan/search_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "launch/plan/plan_report.h"

namespace ballast {
namespace {

constexpr double gigabyte = 1e9;
constexpr double percent = 100.0;

std::string describe_layouts(const Placement& placement) {
  std::vector<std::string> roles;
  for (const auto& [role, layout] : placement) {
    roles.push_back(fmt::format("{} {} x {} on {}", to_string(role), layout.replicas(), layout.shards(),
                                describe_ranks(layout.ranks())));
  }
  return fmt::format("{}", fmt::join(roles, "; "));
}

// 'actor.zero actor.model.activation_checkpointing': those that are switched on.
std::string describe_switches(const std::vector<std::string>& settings) {
  constexpr std::string_view on = "=true";
  std::vector<std::string> names;
  for (const auto& setting : settings)
    if (setting.ends_with(on)) names.push_back(setting.substr(0, setting.size() - on.size()));
  return names.empty() ? "" : fmt::format("\n   with {}", fmt::join(names, ", "));
}

std::string describe(const FoundPlacement& found, std::size_t number) {
  const auto& prediction = found.prediction;
  double most = 0.0;
  for (const auto& of_class : prediction.memory) most = std::max(most, static_cast<double>(of_class.memory.total()));
  const auto longest = std::ranges::max_element(prediction.critical_path, {}, &CriticalStep::seconds);
  return fmt::format(
      "{}. {:.3f} s an iteration, {:.0f} tokens/s; {:.0f} % idle; at most {:.1f} of {:.1f} GB; waits above all for {} "
      "({:.0f} %)\n   {}{}\n",
      number, prediction.iteration_s, prediction.tokens_per_second, percent * prediction.share.at("idle"),
      most / gigabyte, prediction.device_memory / gigabyte, longest->name,
      percent * longest->seconds / prediction.iteration_s, describe_layouts(found.placement),
      describe_switches(found.settings));
}

// 'actor.model.zero=true' as lines of a tree; settings of one role follow each other.
std::string as_yaml(const FoundPlacement& found) {
  std::string text = "placement:\n";
  for (const auto& [role, layout] : found.placement)
    text += fmt::format("  {}: [{}]\n", to_string(role), fmt::join(layout.ranks(), ", "));
  std::map<std::string, std::vector<std::string>> roles;
  for (const auto& setting : found.settings) {
    const auto dot = setting.find('.');
    const auto equals = setting.find('=');
    auto key = setting.substr(dot + 1, equals - dot - 1);
    auto value = setting.substr(equals + 1);
    if (const auto inner = key.find('.'); inner != std::string::npos) {
      value = fmt::format("{{{}: {}}}", key.substr(inner + 1), value);
      key.resize(inner);
    }
    roles[setting.substr(0, dot)].push_back(fmt::format("{}: {}", key, value));
  }
  for (const auto& [role, settings] : roles) text += fmt::format("{}: {{{}}}\n", role, fmt::join(settings, ", "));
  return text;
}

}  // namespace

std::string describe(const SearchResult& result) {
  auto text = fmt::format("{} placements and layouts: {} predicted, {} too large before that\n", result.candidates,
                          result.predicted, result.too_large);
  if (!result.shortage.empty()) text += fmt::format("the most promising of these: {}\n", result.shortage);
  for (std::size_t i = 0; i < result.best.size(); ++i) text += fmt::format("\n{}", describe(result.best[i], i + 1));
  if (!result.best.empty())
    text += fmt::format("\nthe first, for the configuration:\n{}", as_yaml(result.best.front()));
  return text;
}

}  // namespace ballast
