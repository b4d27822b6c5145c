#include "comm/communicator.h"

namespace ballast {

std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return 4;
    case DType::bfloat16:
      return 2;
    case DType::int64:
      return 8;
  }
  throw std::invalid_argument("size_of: unknown dtype");
}

}  // namespace ballast
