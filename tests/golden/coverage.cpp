#include "tests/golden/coverage.h"

#include <fstream>
#include <regex>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/golden/golden_case.h"
#include "tests/golden/runner_table.h"

namespace ballast::golden {
namespace {

namespace fs = std::filesystem;

std::string relative_name(const fs::path& path, const fs::path& root) {
  return path.lexically_relative(root).generic_string();
}

/// The program that checks a folder with an expected.json; empty if it has another content.
std::string program_of_folder(const fs::path& folder) {
  if (is_directory(folder / "actor")) {
    return "golden_end_to_end";
  }
  return exists(folder / "config.json") && exists(folder / "expected.safetensors") ? "golden_checkpoints" : "";
}

std::string program_of_file(const fs::path& path) {
  return find_runner(golden_kind(path)) != nullptr ? "golden_maths" : "";
}

/// "issue N" of the longest entry that is the path or a folder above it.
std::string not_yet_entry(const std::string& name, const NotYet& not_yet) {
  for (fs::path path = name; !path.empty(); path = path.parent_path()) {
    if (const auto found = not_yet.find(path.generic_string()); found != not_yet.end()) {
      return fmt::format("issue {}", found->second);
    }
  }
  return "";
}

void walk(const fs::path& folder, const fs::path& root, const NotYet& not_yet, Coverage& coverage) {
  const auto record = [&](const fs::path& path, const std::string& program) {
    const auto name = relative_name(path, root);
    if (const auto checker = program.empty() ? not_yet_entry(name, not_yet) : program; !checker.empty()) {
      coverage.covered[name] = checker;
    } else {
      coverage.uncovered.push_back(name);
    }
  };
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && exists(entry.path() / "expected.json")) {
      record(entry.path(), program_of_folder(entry.path()));
    } else if (entry.is_directory()) {
      walk(entry.path(), root, not_yet, coverage);
    } else if (entry.path().extension() == ".json") {
      record(entry.path(), program_of_file(entry.path()));
    } else if (folder != root && entry.path().extension() != ".md") {
      record(entry.path(), "");
    }
  }
}

}  // namespace

NotYet read_not_yet(const fs::path& path) {
  std::ifstream stream(path);
  if (!stream) {
    throw std::runtime_error(fmt::format("{}: cannot be opened", path.string()));
  }
  static const std::regex entry(R"((\S+) (\d+))");
  NotYet not_yet;
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    std::smatch match;
    if (!std::regex_match(line, match, entry)) {
      throw std::runtime_error(fmt::format("{}:{}: '{}' is not 'PATH ISSUE'", path.string(), number, line));
    }
    not_yet[match[1]] = std::stoi(match[2]);
  }
  return not_yet;
}

Coverage coverage_of(const fs::path& root, const NotYet& not_yet) {
  Coverage coverage;
  walk(root, root, not_yet, coverage);
  return coverage;
}

}  // namespace ballast::golden
