#include "launch/bench/bench_report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <system_error>
#include <thread>

#include "launch/version.h"
#include "workers/model/atomic_file.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

double load_average() {
  double load = 0.0;
  return getloadavg(&load, 1) == 1 ? load : -1.0;
}

std::string now() { return fmt::format("{:%FT%TZ}", fmt::gmtime(std::chrono::system_clock::now())); }

double tokens_per_second(const MeasuredWork& work, double seconds) {
  return static_cast<double>(work.tokens) / seconds;
}

std::string line(const MeasuredWork& work) {
  return fmt::format("{:<24}{:>12.2f}{:>12.2f}{:>14.0f}{:>14.0f}{:>9.0f} %", work.name, 1e3 * work.timing.minimum(),
                     1e3 * work.timing.median(), tokens_per_second(work, work.timing.median()),
                     tokens_per_second(work, work.limit_seconds), 100.0 * work.limit_seconds / work.timing.median());
}

double flops_share(const MeasuredWork& work, const GpuPeak& peak) {
  return work.cost.flops / work.timing.median() / peak.flops_per_second;
}

double bytes_share(const MeasuredWork& work, const GpuPeak& peak) {
  return work.cost.bytes / work.timing.median() / peak.bytes_per_second;
}

std::string shares_of_peak(const MeasuredWork& work, const std::optional<GpuPeak>& peak) {
  if (!peak) return "\n";
  return fmt::format("{:>9.1f} %{:>9.1f} %\n", 100.0 * flops_share(work, *peak), 100.0 * bytes_share(work, *peak));
}

nlohmann::json to_json(const MeasuredWork& work) {
  const double median = work.timing.median();
  return {{"name", work.name},
          {"seconds", work.timing.seconds},
          {"seconds_minimum", work.timing.minimum()},
          {"seconds_median", median},
          {"tokens", work.tokens},
          {"tokens_per_second", tokens_per_second(work, median)},
          {"flops_per_second", work.cost.flops / median},
          {"bytes_per_second", work.cost.bytes / median},
          {"limit_tokens_per_second", tokens_per_second(work, work.limit_seconds)},
          {"share_of_limit", work.limit_seconds / median}};
}

}  // namespace

std::string describe(const std::vector<MeasuredWork>& works, const MachineRates& rates) {
  auto text = fmt::format("limits, measured now: {:.1f} GFLOP/s of a product, {:.1f} GB/s of a copy\n",
                          rates.flops_per_second / 1e9, rates.bytes_per_second / 1e9);
  text += fmt::format("{:<24}{:>12}{:>12}{:>14}{:>14}{:>11}{}\n", "", "minimum ms", "median ms", "tokens/s", "limit",
                      "of limit", rates.peak ? "       MFU        HBM" : "");
  for (const auto& work : works) text += line(work) + shares_of_peak(work, rates.peak);
  return text;
}

nlohmann::json to_json(const std::vector<MeasuredWork>& works, const MachineRates& rates) {
  auto list = nlohmann::json::array();
  for (const auto& work : works) {
    list.push_back(to_json(work));
    if (!rates.peak) continue;
    list.back()["mfu"] = flops_share(work, *rates.peak);
    list.back()["hbm_share"] = bytes_share(work, *rates.peak);
  }
  return {{"limits", {{"flops_per_second", rates.flops_per_second}, {"bytes_per_second", rates.bytes_per_second}}},
          {"works", list}};
}

void write_report(const std::filesystem::path& path, const BenchFacts& facts, const nlohmann::json& results) {
  if (path.empty()) return;
  const nlohmann::json report{{"verb", facts.verb},
                              {"settings", facts.settings},
                              {"command_line", facts.command_line},
                              {"machine",
                               {{"processor", processor_name()},
                                {"cores", std::thread::hardware_concurrency()},
                                {"load_average", load_average()},
                                {"gpu", gpu_model()}}},
                              {"date", now()},
                              {"ballast", version},
                              {"commit", commit},
                              {"results", results}};
  try {
    AtomicFile file(path);
    file.write(report.dump(2) + "\n");
    file.commit();
  } catch (const std::system_error& error) {
    throw UserError(fmt::format("--json: {}; allowed: a file that can be written", error.what()));
  }
}

std::string describe_machine() {
  const auto gpu = gpu_model();
  return fmt::format("{}, {} cores, load {:.1f}{}; ballast {} ({}), {}\n", processor_name(),
                     std::thread::hardware_concurrency(), load_average(), gpu.empty() ? "" : ", " + gpu, version,
                     commit, now());
}

}  // namespace ballast
