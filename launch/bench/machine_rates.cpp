#include "launch/bench/machine_rates.h"

#include <torch/types.h>

#include <algorithm>

#include "launch/bench/timing.h"

namespace ballast {
namespace {

constexpr std::int64_t product_size = 1024;
constexpr std::int64_t copied_floats = std::int64_t{64} << 20;
constexpr int tries = 5;

}  // namespace

double MachineRates::seconds_for(const Cost& cost) const {
  return std::max(cost.flops / flops_per_second, cost.bytes / bytes_per_second);
}

MachineRates measure_machine(ComputeDType dtype) {
  const c10::InferenceMode no_autograd;
  const auto type = dtype == ComputeDType::float32 ? torch::kFloat32 : torch::kBFloat16;
  const auto left = torch::ones({product_size, product_size}, type);
  const auto right = torch::ones({product_size, product_size}, type);
  auto product = torch::empty({product_size, product_size}, type);
  const auto multiply = measure(tries, [&] { torch::mm_out(product, left, right); });
  const auto from = torch::ones({copied_floats});
  auto to = torch::zeros({copied_floats});
  const auto copy = measure(tries, [&] { to.copy_(from); });
  const double flops = 2.0 * static_cast<double>(product_size * product_size * product_size);
  const double bytes = 2.0 * static_cast<double>(copied_floats * 4);
  return {.flops_per_second = flops / multiply.minimum(), .bytes_per_second = bytes / copy.minimum()};
}

}  // namespace ballast
