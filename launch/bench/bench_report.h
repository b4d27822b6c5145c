// What a benchmark prints and writes: a table for people, JSON for programs.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launch/bench/machine_rates.h"
#include "launch/bench/timing.h"

namespace ballast {

// One kind of work on a model.
struct MeasuredWork {
  std::string name;  // 'decode'
  Timing timing;
  std::int64_t tokens = 0;  // of one repetition
  Cost cost;
  double limit_seconds = 0.0;  // what the machine's rates allow at best
};

// name, milliseconds (minimum and median), tokens/s of the median, limit, share of it that the median reaches; of a GPU
// that is known also MFU and the share of HBM bandwidth
std::string describe(const std::vector<MeasuredWork>& works, const MachineRates& rates);
nlohmann::json to_json(const std::vector<MeasuredWork>& works, const MachineRates& rates);

// What was measured, and where: results mean nothing without it.
struct BenchFacts {
  std::string verb;
  nlohmann::json settings;
  std::vector<std::string> command_line;
};
// Writes the facts with machine, date, commit and the results into the file, complete or not at all; nothing where
// `path` is empty. Throws UserError when it cannot be written.
void write_report(const std::filesystem::path& path, const BenchFacts& facts, const nlohmann::json& results);
// 'AMD EPYC, 2 cores, load 0.3; ballast 0.1.0 (fb17b3e), 2026-11-21': the table's first line.
std::string describe_machine();

}  // namespace ballast
