#include "comm/reduction.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace ballast {
namespace {

template <typename T, typename Op>
void reduce_elements(ConstBuffer input, Buffer inout, Op op) {
  const T* from = static_cast<const T*>(input.data);
  T* to = static_cast<T*>(inout.data);
  std::transform(from, from + input.count, to, to, op);
}

template <typename Op>
void reduce_typed(ConstBuffer input, Buffer inout, Op op) {
  switch (inout.dtype) {
    case DType::float32:
      return reduce_elements<float>(input, inout, op);
    case DType::int64:
      return reduce_elements<std::int64_t>(input, inout, op);
    case DType::bfloat16:
      return reduce_elements<std::uint16_t>(input, inout, [op](std::uint16_t a, std::uint16_t b) {
        return float_to_bfloat16(op(bfloat16_to_float(a), bfloat16_to_float(b)));
      });
  }
}

}  // namespace

float bfloat16_to_float(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

std::uint16_t float_to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x0040);
  const std::uint32_t last_kept_bit = (bits >> 16) & 1;
  return static_cast<std::uint16_t>((bits + 0x7FFF + last_kept_bit) >> 16);
}

void reduce(ReduceOp op, ConstBuffer input, Buffer inout) {
  switch (op) {
    case ReduceOp::sum:
      return reduce_typed(input, inout, [](auto a, auto b) { return a + b; });
    case ReduceOp::max:
      return reduce_typed(input, inout, [](auto a, auto b) { return std::max(a, b); });
  }
}

void copy(ConstBuffer from, Buffer to) {
  const std::size_t bytes = to.count * size_of(to.dtype);
  if (bytes > 0) std::memmove(to.data, from.data, bytes);  // an empty buffer may be null
}

}  // namespace ballast
