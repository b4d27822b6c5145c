#include "workers/device.h"

#include <ATen/Context.h>
#include <fmt/format.h>

#include "workers/user_error.h"

namespace ballast {

std::string cuda_obstacle() {
  if (at::hasCUDA()) return "";
  return at::globalContext().hasCUDART() ? "there is no CUDA device that this program can use"
                                         : "this program was built for CPUs (the preset cuda builds for GPUs)";
}

int cuda_devices() { return static_cast<int>(at::getNumGPUs()); }

c10::Device cuda_device_of(int local_rank) {
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(local_rank % cuda_devices())};
}

c10::Device choose_device(DeviceChoice choice) {
  const auto obstacle = cuda_obstacle();
  if (choice != DeviceChoice::Cpu && obstacle.empty()) return cuda_device_of(0);
  if (choice != DeviceChoice::Cuda) return c10::kCPU;
  throw UserError(fmt::format("--device: found cuda; {}; allowed here: cpu or auto", obstacle));
}

}  // namespace ballast
