// Rows of one file that cannot be used: counted by reason and reported in one sentence.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ballast {

/// What was skipped while one file was read.
struct SkippedRows {
  struct Rows {
    std::int64_t count = 0;
    std::vector<std::int64_t> first_lines;  // at most `lines_named`
  };
  static constexpr std::size_t lines_named = 5;

  std::filesystem::path file;
  /// A row that cannot be used is an error.
  bool strict = false;
  std::map<std::string, Rows> by_reason;

  /// Notes that the row in `line` is left out; `reason` completes 'line 7: '. Throws UserError if `strict`.
  void skip(std::int64_t line, const std::string& reason);

  std::int64_t count() const;

  /// 'FILE: 3 of 120 rows skipped: line 7, 9: REASON; line 11: REASON'; empty if none was. `rows`: all, with these.
  std::string sentence(std::int64_t rows) const;
};

}  // namespace ballast
