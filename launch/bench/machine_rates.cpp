#include "launch/bench/machine_rates.h"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/types.h>

#include <algorithm>

#include "launch/bench/timing.h"

namespace ballast {
namespace {

constexpr int tries = 5;

// Large enough to keep the device busy and its caches too small.
struct Sizes {
  std::int64_t product;  // rows and columns
  std::int64_t copied;   // float32 elements
};
constexpr Sizes of_cpu{.product = 1024, .copied = std::int64_t{64} << 20};
constexpr Sizes of_gpu{.product = 8192, .copied = std::int64_t{512} << 20};

}  // namespace

double MachineRates::seconds_for(const Cost& cost) const {
  return std::max(cost.flops / flops_per_second, cost.bytes / bytes_per_second);
}

void finish(c10::Device device) {
  if (device.is_cuda()) c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

MachineRates measure_machine(ComputeDType dtype, c10::Device device) {
  const c10::InferenceMode no_autograd;
  const Sizes sizes = device.is_cuda() ? of_gpu : of_cpu;
  const auto options = torch::dtype(dtype == ComputeDType::float32 ? torch::kFloat32 : torch::kBFloat16).device(device);
  const auto left = torch::ones({sizes.product, sizes.product}, options);
  const auto right = torch::ones_like(left);
  auto product = torch::empty_like(left);
  const auto multiply = measure(tries, [&] {
    torch::mm_out(product, left, right);
    finish(device);
  });
  const auto from = torch::ones({sizes.copied}, options.dtype(torch::kFloat32));
  auto to = torch::zeros_like(from);
  const auto copy = measure(tries, [&] {
    to.copy_(from);
    finish(device);
  });
  const auto size = static_cast<double>(sizes.product);
  return {.device = device,
          .flops_per_second = 2.0 * size * size * size / multiply.minimum(),
          .bytes_per_second = 8.0 * static_cast<double>(sizes.copied) / copy.minimum(),
          .peak = device.is_cuda() ? gpu_peak(gpu_model()) : std::nullopt};
}

}  // namespace ballast
