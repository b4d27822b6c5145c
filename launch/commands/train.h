// `ballast train`: one training run from a configuration file.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace ballast {

struct TrainOptions {
  std::filesystem::path config;
  std::vector<std::string> overrides;     // 'key.path=value'
  bool dry_run = false;                   // print what would run, write nothing
  std::vector<std::string> command_line;  // for the record
};

// Called on every rank of the job; returns the exit code: 0, 1 (internal failure) or 2 (the input is at fault).
int train(const TrainOptions& options);

}  // namespace ballast
