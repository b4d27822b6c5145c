#include "workers/device.h"

#include <ATen/Context.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace ballast {

std::string cuda_obstacle() {
  if (at::hasCUDA()) return "";
  return at::globalContext().hasCUDART() ? "its machine has no CUDA device that this program can use"
                                         : "this program was built for CPUs (the preset `cuda` builds for GPUs)";
}

int cuda_devices() { return static_cast<int>(at::getNumGPUs()); }

c10::Device cuda_device_of(int local_rank) {
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(local_rank % cuda_devices())};
}

c10::Device choose_device(DeviceChoice choice) {
  return use_cuda(choice, {cuda_obstacle()}, {"this machine"}) ? cuda_device_of(0) : c10::Device(c10::kCPU);
}

void* current_stream(c10::Device device) {
  return c10::impl::VirtualGuardImpl(device.type()).getStream(device).native_handle();
}

}  // namespace ballast
