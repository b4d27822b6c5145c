#include "launch/plan_vs_actual.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include "launch/bench/timing.h"

namespace ballast {
namespace {

constexpr double memory_tolerance = 0.05;
constexpr double time_tolerance = 0.2;
constexpr std::string_view time_prefix = "time/";

double ratio(double planned, double measured) { return planned > 0.0 ? measured / planned : 0.0; }

template <typename Number>
nlohmann::json comparison(Number planned, Number measured) {
  nlohmann::json json{{"planned", planned}, {"measured", measured}, {"ratio", nullptr}};
  if (planned > 0) json["ratio"] = ratio(static_cast<double>(planned), static_cast<double>(measured));
  return json;
}

nlohmann::json rank_report(int rank, const RankMemory& planned, const std::map<std::string, std::int64_t>& measured) {
  auto roles = nlohmann::json::array();
  for (const auto& [role, memory] : planned.roles) roles.push_back(to_string(role));
  nlohmann::json json{{"rank", rank}, {"roles", roles}, {"in_all", comparison(planned.total(), measured.at("in_all"))}};
  for (const auto& [of, label] : memory_class_names) {
    const auto found = measured.find(std::string(label));
    if (found != measured.end()) json["classes"][label] = comparison(planned.bytes[of], found->second);
  }
  return json;
}

}  // namespace

void PlanVsActual::take_in(int rank, const Event& event) {
  if (!event.peak_bytes.empty()) peaks_[rank] = event.peak_bytes;
}

void PlanVsActual::iteration(const StepMetrics& figures) { iterations_.push_back(figures); }

std::map<std::string, double> PlanVsActual::measured_seconds() const {
  std::map<std::string, double> seconds;
  const std::size_t first = iterations_.size() > 1 ? 1 : 0;
  for (const auto& [name, planned] : planned_.seconds) {
    std::vector<double> values;
    for (std::size_t i = first; i < iterations_.size(); ++i) values.push_back(iterations_[i].at(name));
    if (!values.empty()) seconds[name] = median_of(values);
  }
  return seconds;
}

nlohmann::json PlanVsActual::report() const {
  nlohmann::json json{{"memory", nlohmann::json::array()}, {"time", nullptr}};
  for (const auto& [rank, peaks] : peaks_) {
    const auto planned = planned_.memory.find(rank);
    if (planned != planned_.memory.end()) json["memory"].push_back(rank_report(rank, planned->second, peaks));
  }
  for (const auto& [name, measured] : measured_seconds())
    json["time"][name.substr(time_prefix.size())] = comparison(planned_.seconds.at(name), measured);
  return json;
}

std::string PlanVsActual::summary() const {
  std::vector<std::string> sentences;
  const auto off = [](double measured, double tolerance) { return std::abs(measured - 1.0) > tolerance; };
  double worst = 1.0;
  int worst_rank = 0;
  for (const auto& [rank, peaks] : peaks_) {
    const auto planned = planned_.memory.find(rank);
    if (planned == planned_.memory.end()) continue;
    const double found = ratio(static_cast<double>(planned->second.total()), static_cast<double>(peaks.at("in_all")));
    if (std::abs(found - 1.0) <= std::abs(worst - 1.0)) continue;
    worst = found;
    worst_rank = rank;
  }
  if (off(worst, memory_tolerance)) {
    sentences.push_back(fmt::format("rank {} took {:.2f} times the memory that was planned", worst_rank, worst));
  }
  const auto seconds = measured_seconds();
  if (const auto measured = seconds.find("time/iteration"); measured != seconds.end()) {
    const double found = ratio(planned_.seconds.at(measured->first), measured->second);
    if (off(found, time_tolerance))
      sentences.push_back(fmt::format("an iteration took {:.2f} times the time that was planned", found));
  }
  return fmt::format("{}", fmt::join(sentences, "; "));
}

void PlanVsActual::tell(const std::filesystem::path& run_folder) const {
  const auto file = run_folder / "plan_vs_actual.json";
  std::ofstream out(file);
  out << report().dump(1) << '\n';
  if (!out.flush()) throw std::runtime_error(fmt::format("{}: cannot be written", file.string()));
  if (const auto words = summary(); !words.empty()) fmt::print("{}: {} has the figures\n", words, file.string());
}

}  // namespace ballast
