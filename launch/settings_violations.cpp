#include "launch/settings_violations.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace ballast {
namespace {

int sort_key(const Violation& violation) {
  return violation.where.line > 0 ? violation.where.line : std::numeric_limits<int>::max();
}

std::string sentence(const Violation& violation) {
  const auto& [where, field, found, allowed] = violation;
  const std::string place = where.line > 0 ? fmt::format("{}:{}", where.source, where.line) : where.source;
  const std::string subject = field.empty() ? "" : fmt::format("field '{}': ", field);
  return fmt::format("{}: {}found {}; allowed {}", place, subject, found, allowed);
}

}  // namespace

std::string Violations::text() const {
  std::vector<Violation> ordered = violations_;
  std::ranges::stable_sort(ordered, {}, sort_key);
  std::string lines;
  for (const Violation& violation : ordered) {
    lines += lines.empty() ? "" : "\n";
    lines += sentence(violation);
  }
  return lines;
}

void Violations::throw_if_any() const {
  if (!violations_.empty()) {
    throw ConfigError(text());
  }
}

}  // namespace ballast
