// Runs every case of every golden file that has a runner; BALLAST_GOLDEN chooses another set.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "tests/golden/golden_case.h"
#include "tests/golden/runner_table.h"

namespace ballast::golden {
namespace {

std::set<std::filesystem::path> json_files(const std::filesystem::path& root) {
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".json") {
      files.insert(entry.path());
    }
  }
  return files;
}

/// Where the reference raises, we must throw.
std::vector<std::string> check(const GoldenFile& file, const GoldenCase& golden_case, Runner run) {
  const bool must_throw = golden_case.outputs.contains("raises");
  const auto where = fmt::format("{}: case '{}'", golden_case.file, golden_case.name);
  try {
    const auto actual = run(golden_case);
    return must_throw ? std::vector{where + " must be refused"} : mismatches(file, golden_case, actual);
  } catch (const std::exception& error) {
    return must_throw ? std::vector<std::string>{} : std::vector{fmt::format("{}: {}", where, error.what())};
  }
}

TEST(GoldenMaths, EveryCaseAgreesWithTheReference) {
  std::size_t total = 0;
  for (const auto& path : json_files(golden_root())) {
    const auto run = find_runner(golden_kind(path));
    if (run == nullptr) {
      continue;
    }
    const auto file = read_golden_file(path);
    for (const auto& golden_case : file.cases) {
      for (const auto& mismatch : check(file, golden_case, run)) {
        ADD_FAILURE() << mismatch;
      }
    }
    fmt::print("{}: {} cases\n", std::filesystem::relative(path, golden_root()).string(), file.cases.size());
    EXPECT_FALSE(file.cases.empty()) << path << " has no case";
    total += file.cases.size();
  }
  fmt::print("{} golden cases in all\n", total);
  EXPECT_GT(total, 0U) << "no golden case under " << golden_root();
}

}  // namespace
}  // namespace ballast::golden
