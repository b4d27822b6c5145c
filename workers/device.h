// CUDA as LibTorch sees it, without a header of CUDA: a LibTorch for CPUs answers that there is none.
#pragma once
#include <c10/core/Device.h>

#include <string>

#include "workers/device_choice.h"

namespace ballast {

// Why this process cannot compute with CUDA; empty: it can.
std::string cuda_obstacle();
int cuda_devices();
// Ranks of a machine take its devices in turn. There must be one.
c10::Device cuda_device_of(int local_rank);
// For a verb that runs as one process, with the option --device. Throws UserError.
c10::Device choose_device(DeviceChoice choice);

}  // namespace ballast
