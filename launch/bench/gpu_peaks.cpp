#include "launch/bench/gpu_peaks.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace ballast {
namespace {

struct KnownGpu {
  std::string_view name;  // part of the driver's name
  GpuPeak peak;
};

// NVIDIA's data sheets. The first match counts: the variants of a model come before it.
constexpr std::array known_gpus{
    KnownGpu{"B200", {2250e12, 8.0e12}},
    KnownGpu{"GH200", {989.5e12, 4.0e12}},
    KnownGpu{"H200", {989.5e12, 4.8e12}},
    KnownGpu{"H100 NVL", {835.5e12, 3.9e12}},
    KnownGpu{"H100 PCIe", {756e12, 2.0e12}},
    KnownGpu{"H100", {989.5e12, 3.35e12}},
    KnownGpu{"A100-SXM4-80GB", {312e12, 2.039e12}},
    KnownGpu{"A100 80GB PCIe", {312e12, 1.935e12}},
    KnownGpu{"A100", {312e12, 1.555e12}},
    KnownGpu{"L40S", {362e12, 0.864e12}},
    KnownGpu{"L4", {121e12, 0.3e12}},
};

// 'Model: \t\t NVIDIA H200'
std::string model_in(const std::filesystem::path& information) {
  std::ifstream file(information);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("Model:")) continue;
    const auto begin = line.find_first_not_of(" \t", line.find(':') + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

}  // namespace

std::optional<GpuPeak> gpu_peak(std::string_view model) {
  const auto found =
      std::ranges::find_if(known_gpus, [&](const auto& gpu) { return model.find(gpu.name) != std::string_view::npos; });
  if (found == known_gpus.end()) return std::nullopt;
  return found->peak;
}

std::string gpu_model() {
  std::error_code none;
  for (const auto& gpu : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", none)) {
    return model_in(gpu.path() / "information");
  }
  return "";
}

}  // namespace ballast
