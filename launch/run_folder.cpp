#include "launch/run_folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "launch/version.h"

namespace ballast {
namespace {

std::filesystem::path move_aside(const std::filesystem::path& folder) {
  for (int number = 1;; ++number) {
    std::filesystem::path aside = fmt::format("{}.{}", folder.string(), number);
    if (std::filesystem::exists(aside)) continue;
    std::filesystem::rename(folder, aside);
    return aside;
  }
}

}  // namespace

std::filesystem::path make_run_folder(const std::filesystem::path& folder, const RunFacts& facts) {
  std::filesystem::path aside;
  if (std::filesystem::exists(folder / "config.yaml")) aside = move_aside(folder);
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "config.yaml") << facts.config_yaml;
  const nlohmann::json environment{{"ballast", version},
                                   {"commit", commit},
                                   {"started", fmt::format("{:%FT%TZ}", fmt::gmtime(std::chrono::system_clock::now()))},
                                   {"command_line", facts.command_line},
                                   {"hosts", facts.hosts}};
  std::ofstream(folder / "environment.json") << environment.dump(2) << '\n';
  return aside;
}

}  // namespace ballast
