#include "workers/model/tensor_buffer.h"

#include <c10/util/Exception.h>

namespace ballast {
namespace {

DType moved_as(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return DType::float32;
    case at::kBFloat16:
      return DType::bfloat16;
    case at::kLong:
    case at::kDouble:
      return DType::int64;
    default:
      TORCH_CHECK(false, "tensors of ", type, " do not travel");
  }
}

}  // namespace

Buffer buffer_of(const at::Tensor& tensor) {
  TORCH_CHECK(tensor.is_contiguous(), "only contiguous tensors travel");
  return {tensor.data_ptr(), tensor.numel(), moved_as(tensor.scalar_type())};
}

}  // namespace ballast
