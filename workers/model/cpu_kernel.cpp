#include "workers/model/cpu_kernel.h"

namespace ballast {

bool suits_cpu_kernels(const at::Tensor& tensor) {
  const bool known = tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kBFloat16;
  return known && tensor.is_cpu() && __builtin_cpu_supports("avx512f");
}

bool multiplies_itself(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kFloat && suits_cpu_kernels(tensor) && !__builtin_cpu_is("intel");
}

}  // namespace ballast
