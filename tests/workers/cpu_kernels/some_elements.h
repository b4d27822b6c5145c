// Numbers to compute with.
#pragma once
#include <cmath>
#include <vector>

#include "workers/cpu_kernels/bfloat16.h"

namespace ballast {

// In [-1, 1], different for each seed.
template <typename Element>
std::vector<Element> some_elements(std::int64_t count, std::int64_t seed) {
  std::vector<Element> elements(count);
  for (std::int64_t i = 0; i < count; ++i)
    narrow(&elements[i], static_cast<float>(std::sin(static_cast<double>((seed * 7919 + i) % 100003) * 12.9898)));
  return elements;
}

}  // namespace ballast
