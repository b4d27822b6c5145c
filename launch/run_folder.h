// The folder that a run writes: made once everything is checked.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace ballast {

struct RunFacts {
  std::string config_yaml;  // the resolved configuration
  std::vector<std::string> command_line;
  std::vector<std::string> hosts;  // by rank
};

// Makes the folder with config.yaml and environment.json. A run that lies there already is moved aside to FOLDER.1,
// FOLDER.2, ...: nothing is lost. Returns where it went, or an empty path. Throws std::filesystem::filesystem_error.
std::filesystem::path make_run_folder(const std::filesystem::path& folder, const RunFacts& facts);

}  // namespace ballast
