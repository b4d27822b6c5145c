#include "workers/model/kernel_stream.h"

#include <c10/core/impl/VirtualGuardImpl.h>

namespace ballast {

gpu::Stream kernel_stream(c10::Device device) {
  if (device.is_cpu()) return {};
  return {c10::impl::VirtualGuardImpl(device.type()).getStream(device).native_handle()};
}

ComputeDType compute_dtype_of(const torch::Tensor& tensor) {
  if (tensor.scalar_type() == torch::kFloat32) return ComputeDType::float32;
  TORCH_CHECK(tensor.scalar_type() == torch::kBFloat16, "found a tensor of ", tensor.scalar_type());
  return ComputeDType::bfloat16;
}

}  // namespace ballast
