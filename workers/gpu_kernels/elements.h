// Elements of an array whose dtype is known at run time, for the plain C++ kernels.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

#include "workers/model/compute_dtype.h"

namespace ballast::gpu {

// A bfloat16 is the upper half of a float32.
inline float widened(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U); }

// To the nearest, ties to even.
inline std::uint16_t narrowed(float x) {
  if (std::isnan(x)) return 0x7fff;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U);
}

class Elements {
 public:
  Elements(const void* array, ComputeDType dtype) : array_(const_cast<void*>(array)), dtype_(dtype) {}

  float get(std::int64_t i) const {
    return dtype_ == ComputeDType::float32 ? static_cast<const float*>(array_)[i]
                                           : widened(static_cast<const std::uint16_t*>(array_)[i]);
  }
  void set(std::int64_t i, float x) const {
    if (dtype_ == ComputeDType::float32)
      static_cast<float*>(array_)[i] = x;
    else
      static_cast<std::uint16_t*>(array_)[i] = narrowed(x);
  }

 private:
  void* array_;
  ComputeDType dtype_;
};

}  // namespace ballast::gpu
