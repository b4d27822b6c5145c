// What GPUs can do by their data sheets: what model FLOP utilisation (MFU) and the share of HBM bandwidth are shares
// of.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace ballast {

struct GpuPeak {
  double flops_per_second = 0.0;  // bfloat16 tensor cores, without sparsity
  double bytes_per_second = 0.0;  // of device memory
};

// By the model's name as the driver gives it, 'NVIDIA H100 80GB HBM3'; nothing for one that the table does not have.
std::optional<GpuPeak> gpu_peak(std::string_view model);

// The driver's name of the first GPU; empty where there is no NVIDIA driver.
std::string gpu_model();

}  // namespace ballast
