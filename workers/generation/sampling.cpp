#include "workers/generation/sampling.h"

#include <ATen/core/PhiloxRNGEngine.h>

namespace ballast {

double uniform(const DrawKey& key) {
  const auto offset = (static_cast<std::uint64_t>(key.iteration) << 32U) + static_cast<std::uint64_t>(key.position);
  at::Philox4_32 engine(static_cast<std::uint64_t>(key.seed), static_cast<std::uint64_t>(key.row_id), offset);
  const std::uint64_t high = engine();
  const std::uint64_t low = engine();
  return static_cast<double>(((high << 32U) | low) >> 11U) * 0x1.0p-53;
}

}  // namespace ballast
