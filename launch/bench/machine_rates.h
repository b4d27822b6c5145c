// How fast this machine is at the two things that limit a model, measured in the run that they are held against.
#pragma once
#include "launch/bench/model_cost.h"
#include "workers/model/compute_dtype.h"

namespace ballast {

struct MachineRates {
  double flops_per_second = 0.0;  // of a large product in the dtype: 1024^3 on CPUs
  double bytes_per_second = 0.0;  // of a copy larger than the caches, read and write counted

  // No less time will do: the one or the other is the limit.
  double seconds_for(const Cost& cost) const;
};

// With the threads that are set; the fastest of several tries.
MachineRates measure_machine(ComputeDType dtype);

}  // namespace ballast
