#include "workers/data/skipped_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "workers/user_error.h"

namespace ballast {

void SkippedRows::skip(std::int64_t line, const std::string& reason) {
  if (strict) {
    throw UserError(fmt::format("{}:{}: {}", file.string(), line, reason));
  }
  auto& rows = by_reason[reason];
  ++rows.count;
  if (rows.first_lines.size() < lines_named) {
    rows.first_lines.push_back(line);
  }
}

std::int64_t SkippedRows::count() const {
  std::int64_t count = 0;
  for (const auto& [reason, rows] : by_reason) {
    count += rows.count;
  }
  return count;
}

std::string SkippedRows::sentence(std::int64_t rows) const {
  if (by_reason.empty()) {
    return "";
  }
  std::vector<std::string> parts;
  for (const auto& [reason, skipped] : by_reason) {
    const bool all_named = skipped.count == static_cast<std::int64_t>(skipped.first_lines.size());
    parts.push_back(fmt::format("line {}{}: {}", fmt::join(skipped.first_lines, ", "),
                                all_named ? "" : fmt::format(" and {} more", skipped.count - lines_named), reason));
  }
  return fmt::format("{}: {} of {} rows skipped: {}", file.string(), count(), rows, fmt::join(parts, "; "));
}

}  // namespace ballast
