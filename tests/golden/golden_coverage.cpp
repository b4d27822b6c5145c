// Every golden file and folder has a runner or an issue that will bring one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include <fmt/format.h>

#include "tests/golden/coverage.h"
#include "tests/golden/golden_case.h"

namespace ballast::golden {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

/// A golden root with one item of every sort.
fs::path mixed_root() {
  const auto root = fs::path(::testing::TempDir()) / "golden_coverage";
  fs::remove_all(root);
  write(root / "golden_case.cpp", "");
  write(root / "set" / "README.md", "");
  write(root / "set" / "gae_b.json", R"({"name": "gae"})");
  write(root / "set" / "unheard_of.json", "{}");
  write(root / "set" / "loose.safetensors", "");
  write(root / "set" / "tiny-llama-b" / "expected.json", "{}");
  write(root / "set" / "tiny-llama-b" / "expected.safetensors", "");
  write(root / "set" / "tiny-llama-b" / "config.json", "{}");
  write(root / "set" / "e2e-b" / "expected.json", "{}");
  write(root / "set" / "e2e-b" / "actor" / "config.json", "{}");
  write(root / "set" / "odd-folder" / "expected.json", "{}");
  write(root / "later" / "rule.json", "{}");
  return root;
}

TEST(GoldenCoverage, EveryFileAndFolderHasARunnerOrAnIssue) {
  const auto coverage = coverage_of(golden_root(), read_not_yet("tests/golden/NOT_YET"));
  for (const auto& [name, program] : coverage.covered) {
    fmt::print("{}: {}\n", name, program);
  }
  EXPECT_FALSE(coverage.covered.empty()) << "nothing under " << golden_root();
  EXPECT_THAT(coverage.uncovered, ElementsAre());
}

TEST(GoldenCoverage, ContentDecidesWhoChecksAnItem) {
  const auto coverage = coverage_of(mixed_root(), {{"later", 7}, {"set/unheard_of.json", 6}});
  EXPECT_THAT(coverage.covered,
              ElementsAre(Pair("later/rule.json", "issue 7"), Pair("set/e2e-b", "golden_end_to_end"),
                          Pair("set/gae_b.json", "golden_maths"), Pair("set/tiny-llama-b", "golden_checkpoints"),
                          Pair("set/unheard_of.json", "issue 6")));
}

TEST(GoldenCoverage, WhatNobodyChecksIsUncovered) {
  const auto coverage = coverage_of(mixed_root(), {{"later", 7}});
  EXPECT_THAT(coverage.uncovered,
              testing::UnorderedElementsAre("set/unheard_of.json", "set/loose.safetensors", "set/odd-folder"));
}

TEST(GoldenCoverage, ALineWithoutAnIssueIsNamed) {
  const auto path = fs::path(::testing::TempDir()) / "NOT_YET";
  std::ofstream(path) << "rules 7\nrules/misc.json\n";
  EXPECT_THAT([&] { read_not_yet(path); }, testing::ThrowsMessage<std::runtime_error>(HasSubstr("NOT_YET:2")));
}

}  // namespace
}  // namespace ballast::golden
