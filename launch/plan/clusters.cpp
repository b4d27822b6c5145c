#include "launch/plan/clusters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "launch/config_file.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

constexpr std::int64_t most_of_each = 1 << 20;

// NVIDIA's data sheets of the SXM modules: dense rates without sparsity, bytes of HBM, NVLink in one direction. Between
// nodes 400 Gb/s for each GPU, as in DGX and HGX systems. What share of a peak is reached is our estimate.
Cluster h100() { return {}; }

Cluster h200() {
  Cluster cluster;
  cluster.device = "h200";
  cluster.memory_bandwidth = 4.8e12;
  cluster.memory = 141e9;
  return cluster;
}

Cluster a100_80g() {
  Cluster cluster;
  cluster.device = "a100-80g";
  cluster.float32_flops = 19.5e12;
  cluster.bfloat16_flops = 312e12;
  cluster.memory_bandwidth = 2.039e12;
  cluster.within.bandwidth = 300e9;
  return cluster;
}

// A core of a server: rough figures; `ballast plan --calibrate` measures those of the machine at hand.
Cluster cpu() {
  return {.device = "cpu",
          .gpu = false,
          .float32_flops = 150e9,
          .bfloat16_flops = 250e9,
          .product_share = 0.6,
          .memory_bandwidth = 20e9,
          .memory = 8e9,
          .kernel_s = 5e-6,
          .within = {5e-6, 4e9},
          .between = {5e-5, 1.25e9}};
}

struct NamedDevice {
  std::string_view name;
  Cluster (*cluster)();
};
constexpr std::array devices{NamedDevice{"h100", h100}, NamedDevice{"h200", h200}, NamedDevice{"a100-80g", a100_80g},
                             NamedDevice{"cpu", cpu}};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The whole of `text` as a number of nodes or devices.
std::optional<std::int64_t> count_of(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_count = error == std::errc() && end == text.data() + text.size() && count >= 1 && count <= most_of_each;
  return is_count ? std::optional(count) : std::nullopt;
}

// '16x8xh100' -> {16, 8} and 'h100' left in `name`; nothing when a count is none.
std::optional<std::vector<std::int64_t>> take_counts(std::string& name) {
  std::vector<std::int64_t> counts;
  while (!name.empty() && (std::isdigit(static_cast<unsigned char>(name.front())) || name.front() == '-')) {
    const auto end = name.find('x');
    const auto count = count_of(std::string_view(name).substr(0, end));
    if (!count || end == std::string::npos) return std::nullopt;
    counts.push_back(*count);
    name.erase(0, end + 1);
  }
  return counts;
}

std::optional<Cluster> named_cluster(std::string name) {
  const auto counts = take_counts(name);
  const auto device = std::ranges::find(devices, name, &NamedDevice::name);
  if (!counts || counts->size() > 2 || device == devices.end()) return std::nullopt;
  Cluster cluster = device->cluster();
  if (!counts->empty()) cluster.devices = counts->back();
  if (counts->size() == 2) cluster.nodes = counts->front();
  return cluster;
}

}  // namespace

Cluster find_cluster(const std::string& name) {
  if (name.ends_with(".yaml") || name.ends_with(".yml")) return read_config<Cluster>(name);
  if (const auto cluster = named_cluster(lower(name))) return *cluster;
  throw UserError(fmt::format(
      "--cluster: found '{}'; allowed: NODESxDEVICESxNAME, as 16x8xH100, DEVICESxNAME or NAME, of h100, h200, a100-80g "
      "and cpu, or a YAML file",
      name));
}

}  // namespace ballast
