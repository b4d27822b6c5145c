// Which of the golden files and folders nothing checks.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ballast::golden {

/// Paths relative to the golden root -> number of the issue that will bring the runner.
using NotYet = std::map<std::string, int>;

/// Reads lines of the form `PATH ISSUE`; a path that is a folder stands for everything in it. Throws std::runtime_error
/// that names file and line if a line has another form.
NotYet read_not_yet(const std::filesystem::path& path);

struct Coverage {
  /// Path relative to the root -> the program that checks it, or "issue N".
  std::map<std::string, std::string> covered;
  std::vector<std::string> uncovered;
};

/// Every golden file and folder under `root`: all .json files (those with "cases" go to golden_maths by their kind) and
/// the folders that hold an expected.json as one item: with actor/ for golden_end_to_end, with config.json for
/// golden_checkpoints. Files that are no golden set (README.md, sources at the root) are left out.
Coverage coverage_of(const std::filesystem::path& root, const NotYet& not_yet);

}  // namespace ballast::golden
