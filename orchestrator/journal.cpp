#include "orchestrator/journal.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace ballast {
namespace {

std::ofstream open_for_append(const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::app);
  if (!file) throw std::runtime_error(fmt::format("cannot write '{}'", path.string()));
  return file;
}

void write_line(std::ofstream& file, const nlohmann::json& record) {
  if (!file.is_open()) return;
  file << record.dump() << '\n' << std::flush;
  if (!file) throw std::runtime_error("the run's journal cannot be written: is the disk full?");
}

}  // namespace

Journal::Journal(const std::filesystem::path& run_folder)
    : steps_(open_for_append(run_folder / "metrics.jsonl")),
      iterations_(open_for_append(run_folder / "journal.jsonl")) {}

void Journal::step(std::int64_t iteration, const StepMetrics& metrics) {
  nlohmann::json record = metrics;
  record["iteration"] = iteration;
  write_line(steps_, record);
}

void Journal::iteration(std::int64_t iteration, const nlohmann::json& figures) {
  nlohmann::json record = figures;
  record["iteration"] = iteration;
  write_line(iterations_, record);
}

void Journal::evaluation(const StepMetrics& metrics) { write_line(steps_, metrics); }

void Journal::checkpoint(std::int64_t iterations, const std::string& path, std::int64_t moved_bytes) {
  write_line(iterations_, {{"iterations", iterations}, {"checkpoint", path}, {"bytes/saving", moved_bytes}});
}

}  // namespace ballast
