// How fast the device is at the two things that limit a model, measured in the run that they are held against.
#pragma once
#include <c10/core/Device.h>

#include <optional>

#include "launch/bench/gpu_peaks.h"
#include "launch/bench/model_cost.h"
#include "workers/model/compute_dtype.h"

namespace ballast {

struct MachineRates {
  c10::Device device = c10::kCPU;
  double flops_per_second = 0.0;               // of a large product in the dtype: 1024^3, on GPUs 8192^3
  double bytes_per_second = 0.0;               // of a copy larger than the caches, read and write counted
  std::optional<GpuPeak> peak = std::nullopt;  // of a GPU that the table has

  // No less time will do: the one or the other is the limit.
  double seconds_for(const Cost& cost) const;
};

// On a CPU with the threads that are set; the fastest of several tries.
MachineRates measure_machine(ComputeDType dtype, c10::Device device);

// Returns when all that the device was given is done.
void finish(c10::Device device);

}  // namespace ballast
